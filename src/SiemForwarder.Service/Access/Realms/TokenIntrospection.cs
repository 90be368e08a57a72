using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Service.Access.Realms;

/// <summary>The state of a token according to the realm.</summary>
internal enum TokenState
{
    Active,
    Inactive,

    /// <summary>The realm could not be asked.</summary>
    Unknown,
}

/// <summary>Connections to the callers' realm for keys and tokens: to the operator's address, but never to metadata services.</summary>
internal static class RealmConnection
{
    public static SocketsHttpHandler CreateHandler() => new()
    {
        AllowAutoRedirect = false, ConnectCallback = HostConnection.Within(EgressPolicy.OfOperator), PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        UseCookies = false,
    };
}

/// <summary>Asks the realm whether a token is still active (RFC 7662), and caches the response for seconds.</summary>
internal sealed partial class TokenIntrospection(IOptions<OidcOptions> options, TimeProvider time, ILogger<TokenIntrospection> logger) : IDisposable
{
    private const int MaxRemembered = 10_000;
    private const int MaxAnswer = 256 * 1024;

    private readonly HttpClient http = new(RealmConnection.CreateHandler())
    {
        Timeout = TimeSpan.FromSeconds(5), MaxResponseContentBufferSize = MaxAnswer,
    };

    private readonly ConcurrentDictionary<string, KnownState> answers = new();

    /// <summary>Whether the token is active, and its claims if it is.</summary>
    /// <param name="endpoint">The introspection endpoint.</param>
    /// <param name="token">The token as sent.</param>
    /// <param name="expires">When it expires, UTC.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public async Task<(TokenState State, JsonElement Claims)> AskAsync(
        string? endpoint, string token, DateTime expires, CancellationToken cancellationToken)
    {
        var (key, now) = (Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token))), time.GetUtcNow());
        if (answers.TryGetValue(key, out var known) && known.Until > now)
        {
            return (known.State, known.Claims);
        }

        var (state, claims) = await FetchAsync(endpoint, token, cancellationToken);
        if (state != TokenState.Unknown)
        {
            MakeRoom(now);
            var (until, end) = (now + options.Value.IntrospectionCache, new DateTimeOffset(expires, TimeSpan.Zero));
            answers[key] = new KnownState(state, claims, until < end ? until : end);
        }

        return (state, claims);
    }

    public void Dispose() => http.Dispose();

    private async Task<(TokenState State, JsonElement Claims)> FetchAsync(string? endpoint, string token, CancellationToken cancellationToken)
    {
        try
        {
            var credentials = $"{Uri.EscapeDataString(options.Value.ClientId!)}:{Uri.EscapeDataString(options.Value.ReadClientSecret()!.Reveal())}";
            using var request = new HttpRequestMessage(HttpMethod.Post, endpoint)
            {
                Content = new FormUrlEncodedContent([new("token", token), new("token_type_hint", "access_token")]),
            };
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
            using var answer = await http.SendAsync(request, cancellationToken);
            if (!answer.IsSuccessStatusCode)
            {
                LogRefused((int)answer.StatusCode, options.Value.ClientId!);
                return (TokenState.Unknown, default);
            }

            using var document = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken));
            return document.RootElement.TryGetProperty("active", out var active) && active.ValueKind == JsonValueKind.True
                ? (TokenState.Active, document.RootElement.Clone())
                : (TokenState.Inactive, default);
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException or IOException or InvalidOperationException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogUnreachable(exception.Message);
            return (TokenState.Unknown, default);
        }
    }

    private void MakeRoom(DateTimeOffset now)
    {
        if (answers.Count < MaxRemembered)
        {
            return;
        }

        var oldest = answers.OrderBy(pair => pair.Value.Until).TakeWhile((pair, index) => pair.Value.Until <= now || index < MaxRemembered / 4).ToList();
        foreach (var old in oldest)
        {
            answers.TryRemove(old);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The realm responded {Status} to introspection by the client {Client}: check its secret in Forwarder:Access:Oidc.")]
    private partial void LogRefused(int status, string client);

    [LoggerMessage(LogLevel.Warning, "The realm cannot be asked whether a token is still active: {Reason}")]
    private partial void LogUnreachable(string reason);

    private sealed record KnownState(TokenState State, JsonElement Claims, DateTimeOffset Until);
}
