using System.Net.Http.Headers;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Reads the admin endpoints that the forwarder uses, with the token of the source's service account.</summary>
internal sealed class KeycloakClient : IDisposable
{
    /// <summary>Maximum size of a page; a larger one is requested again in parts.</summary>
    public const int MaxPageBytes = 16 << 20;

    /// <summary>Maximum size of a response with all rows of one millisecond, which cannot be requested in parts.</summary>
    public const int MaxTieBytes = 64 << 20;

    private const int MaxUserBytes = 1 << 20;

    private readonly KeycloakSource source;
    private readonly KeycloakConnection connection;
    private readonly KeycloakRoot root;

    /// <param name="source">The source whose server to query.</param>
    /// <param name="time">Clock.</param>
    /// <param name="limit">Timeout of each request, if not the default.</param>
    public KeycloakClient(KeycloakSource source, TimeProvider time, TimeSpan? limit = null)
    {
        this.source = source;
        Clock = new ServerClock(time);
        connection = new KeycloakConnection(source, time, Clock, limit);
        root = new KeycloakRoot(source, connection);
        Token = new KeycloakToken(source, connection, root, Clock);
    }

    public ServerClock Clock { get; }

    public KeycloakToken Token { get; }

    /// <summary>Reads one page; the caller disposes the body.</summary>
    public Task<KeycloakAnswer> GetEventsAsync(EventQuery query, int maxBytes, CancellationToken cancellationToken) =>
        GetAsync($"/admin/realms/{Uri.EscapeDataString(source.Realm)}/{query.Path()}", maxBytes, cancellationToken);

    public Task<KeycloakAnswer> GetEventsConfigAsync(CancellationToken cancellationToken) =>
        GetAsync($"/admin/realms/{Uri.EscapeDataString(source.Realm)}/events/config", 1 << 20, cancellationToken);

    /// <summary>The realm itself; stripped to a few members without the role view-realm.</summary>
    public Task<KeycloakAnswer> GetRealmAsync(CancellationToken cancellationToken) =>
        GetAsync($"/admin/realms/{Uri.EscapeDataString(source.Realm)}", 4 << 20, cancellationToken);

    /// <summary>A user of the realm; needs the role view-users. 404 and 403 concern the user, not the server.</summary>
    public Task<KeycloakAnswer> GetUserAsync(string userId, CancellationToken cancellationToken) =>
        GetAsync(
            $"/admin/realms/{Uri.EscapeDataString(source.Realm)}/users/{Uri.EscapeDataString(userId)}", MaxUserBytes, cancellationToken, aboutServer: false);

    public Task<KeycloakAnswer> GetServerInfoAsync(CancellationToken cancellationToken) => GetAsync("/admin/serverinfo", 8 << 20, cancellationToken);

    public Task<(string? Root, PollFailure? Failure)> FindRootAsync(CancellationToken cancellationToken) => root.FindAsync(cancellationToken);

    public void Dispose() => connection.Dispose();

    private async Task<KeycloakAnswer> GetAsync(string path, int maxBytes, CancellationToken cancellationToken, bool aboutServer = true)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (token, refused) = await Token.GetAsync(cancellationToken);
            if (token is null)
            {
                return new KeycloakAnswer.Failed(refused!, null);
            }

            var (url, missing) = await root.FindAsync(cancellationToken);
            if (url is null)
            {
                return new KeycloakAnswer.Failed(missing!, null);
            }

            using var request = new HttpRequestMessage(HttpMethod.Get, url + path);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            var (reply, failure) = await connection.SendAsync(request, maxBytes, cancellationToken);
            if (reply is null)
            {
                return new KeycloakAnswer.Failed(failure!, null);
            }

            if (reply is { Status: 200, IsJson: true })
            {
                Observe(reply);
                return new KeycloakAnswer.Content(reply.Body);
            }

            using (reply)
            {
                if (reply.Status == 401 || (reply.Status == 403 && aboutServer))
                {
                    // A newly granted role is only in a new token.
                    Token.Drop();
                }

                if (reply.Status == 404 && aboutServer)
                {
                    root.Forget();
                }

                if (reply.Status != 401 || attempt > 1)
                {
                    return new KeycloakAnswer.Failed(KeycloakAnswers.Classify(source, reply), reply.Status);
                }
            }
        }
    }

    private void Observe(KeycloakReply reply)
    {
        if (reply.Date is { } date)
        {
            var atMs = date.ToUnixTimeMilliseconds();
            Clock.Refine(atMs, atMs + 999, reply.SentAtMs, reply.AnsweredAtMs);
        }
    }
}

/// <summary>The result of one request: a JSON body, or a failure.</summary>
internal abstract record KeycloakAnswer
{
    private KeycloakAnswer()
    {
    }

    /// <summary>Status 200 with a JSON content type; the body is not parsed yet.</summary>
    public sealed record Content(KeycloakBody Body) : KeycloakAnswer;

    /// <summary>No usable response.</summary>
    /// <param name="Failure">Why, in words.</param>
    /// <param name="Status">HTTP status, if the admin API returned one.</param>
    public sealed record Failed(PollFailure Failure, int? Status) : KeycloakAnswer;
}
