using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Sends one request at a time to the server of a source and reads the whole response; every fault is a value.</summary>
internal sealed class KeycloakConnection(KeycloakSource source, TimeProvider time, ServerClock clock, TimeSpan? limit = null) : IDisposable
{
    /// <summary>Timeout of one request; far below the 300 s after which Keycloak ends a transaction.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private const int MinHiddenLength = 4;

    private static readonly TimeSpan MaxStep = TimeSpan.FromSeconds(15);

    // A test that a person waits for has a shorter timeout.
    private readonly TimeSpan bound = limit ?? Timeout;

    private readonly Connector connector = new(
        source.ToConnection(limit < MaxStep ? limit.Value : MaxStep), source.BaseUrl.Scheme == Uri.UriSchemeHttps, SslApplicationProtocol.Http11,
        TimeProvider.System);

    private HttpClient? client;

    /// <summary>Sends the request; throws only on cancellation of <paramref name="cancellationToken"/>.</summary>
    /// <param name="request">What to send; the caller disposes it.</param>
    /// <param name="maxBytes">Maximum size of the body.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <param name="sent">Other confidential values in the request.</param>
    public async Task<(KeycloakReply? Reply, PollFailure? Failure)> SendAsync(
        HttpRequestMessage request, int maxBytes, CancellationToken cancellationToken, IEnumerable<string>? sent = null)
    {
        // Neither path nor query: they name users.
        using var span = ForwarderTracing.Start($"{request.Method}", ActivityKind.Client);
        span?.SetTag("http.request.method", request.Method.Method).SetTag("server.address", source.BaseUrl.Host).SetTag("server.port", source.BaseUrl.Port);
        var (reply, failure) = await SendUntracedAsync(request, maxBytes, sent, cancellationToken);
        span?.SetTag("http.response.status_code", reply?.Status);
        if (failure is not null)
        {
            span.Fail(failure.Category.ToString());
        }

        return (reply, failure);
    }

    private async Task<(KeycloakReply? Reply, PollFailure? Failure)> SendUntracedAsync(
        HttpRequestMessage request, int maxBytes, IEnumerable<string>? sent, CancellationToken cancellationToken)
    {
        if (source.Credential.Secrets.FirstOrDefault(secret => secret.Unread is not null) is { } missing)
        {
            return (null, new PollFailure(ErrorCategory.Configuration, $"Source '{source.Name}' lacks a secret: {missing.Unread}"));
        }

        using var gate = await ServerGate.EnterAsync(source.BaseUrl, cancellationToken);
        using var timeout = new CancellationTokenSource(bound, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        KeycloakBody? body = null;
        try
        {
            client ??= CreateClient();
            SecuredHttp.Lead(request);
            var sentAtMs = clock.LocalMs;
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var answeredAtMs = clock.LocalMs;
            body = new KeycloakBody();
            await using var stream = await response.Content.ReadAsStreamAsync(either.Token);
            if (!await body.TryFillAsync(stream, response.Content.Headers.ContentLength, maxBytes, either.Token))
            {
                return (null, new PollFailure(
                    ErrorCategory.ServerError, $"{ConnectionFaults.Of(source)} returned more than {maxBytes >> 20} MiB at once.", null, null,
                    PageSuspicion.TooLarge));
            }

            var reply = new KeycloakReply
            {
                Status = (int)response.StatusCode,
                MediaType = response.Content.Headers.ContentType?.MediaType,
                RetryAfter = response.Headers.TryGetValues("Retry-After", out var wait) ? RetryAfter.Parse(wait.First(), time.GetUtcNow()) : null,
                Location = response.Headers.Location,
                Date = response.Headers.Date,
                Body = body,
                Secrets = [.. Confidential(request, sent)],
                SentAtMs = sentAtMs,
                AnsweredAtMs = answeredAtMs,
            };
            body = null;
            if (reply is { Status: 400, IsJson: false } && await SpeaksTlsAsync(cancellationToken))
            {
                reply.Dispose();
                return (null, ConnectionFaults.PlainToTls(source));
            }

            return (reply, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, new PollFailure(
                ErrorCategory.Timeout,
                $"{ConnectionFaults.Of(source)} did not answer within {bound.TotalSeconds:0} s.",
                "Check that the server is not overloaded, that the port is Keycloak's, and that no firewall drops the connection.",
                null,
                PageSuspicion.TooLarge));
        }
        catch (HttpRequestException fault) when (fault.HttpRequestError is HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded)
        {
            return (null, await SpeaksTlsAsync(cancellationToken) ? ConnectionFaults.PlainToTls(source) : ConnectionFaults.Classify(source, fault));
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            return (null, ConnectionFaults.Classify(source, fault));
        }
        finally
        {
            body?.Dispose();
        }
    }

    public void Dispose()
    {
        client?.Dispose();
        connector.Dispose();
    }

    // Checked only if plain text was not understood.
    private async Task<bool> SpeaksTlsAsync(CancellationToken cancellationToken) =>
        source.BaseUrl.Scheme == Uri.UriSchemeHttp && await connector.SpeaksTlsAsync(cancellationToken);

    // Such a short secret occurs in any word.
    private IEnumerable<string> Confidential(HttpRequestMessage request, IEnumerable<string>? sent) =>
        source.Credential.Secrets.Select(secret => secret.Reveal()).Append(request.Headers.Authorization?.Parameter ?? "").Concat(sent ?? [])
            .Where(text => text.Length >= MinHiddenLength);

    private HttpClient CreateClient()
    {
        var created = new HttpClient(SecuredHttp.CreateHandler(connector.OpenStreamAsync))
        {
            DefaultRequestVersion = HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };
        created.DefaultRequestHeaders.Accept.ParseAdd("application/json");
        created.DefaultRequestHeaders.UserAgent.ParseAdd("SiemForwarder");
        return created;
    }
}

/// <summary>Lets at most four requests of this process into one Keycloak server at a time, however many of its realms are polled.</summary>
internal static class ServerGate
{
    public const int MaxRequestsAtOnce = 4;

    private static readonly ConcurrentDictionary<string, SemaphoreSlim> Gates = new(StringComparer.OrdinalIgnoreCase);

    public static async Task<IDisposable> EnterAsync(Uri server, CancellationToken cancellationToken)
    {
        var gate = Gates.GetOrAdd(server.GetLeftPart(UriPartial.Authority), _ => new SemaphoreSlim(MaxRequestsAtOnce));
        await gate.WaitAsync(cancellationToken);
        return new Entry(gate);
    }

    /// <summary>A running request; leaves the gate when disposed.</summary>
    private sealed class Entry(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
