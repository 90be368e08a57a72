using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Connections.Tls;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http;

/// <summary>Posts bodies to one HTTP receiver and reads its responses; the basis of every HTTP destination.</summary>
/// <remarks>
/// HTTP/1.1 over persistent connections; no redirects, cookies or tracing headers, and no proxy but <c>http.proxy</c>. Connections come from the
/// same code as those of syslog, already secured, so names, addresses and certificates are checked identically.
/// </remarks>
internal sealed class HttpEndpoint : IDisposable
{
    private const int UsualAnswerBytes = 64 * 1024;

    private static readonly string UserAgent = $"SiemForwarder/{typeof(HttpEndpoint).Assembly.GetName().Version?.ToString(3)}";

    private readonly DestinationSettings settings;
    private readonly TimeProvider time;
    private readonly Result<HttpCredentials> credentials;
    private readonly HttpMessageInvoker invoker;
    private readonly string origin;
    private readonly int maxAnswerBytes;
    private readonly string hostHeader;
    private readonly string display;

    // A token endpoint's response is a secret.
    private readonly PooledBuffer buffer = new(holdsSecrets: true);

    /// <param name="settings">Of the destination.</param>
    /// <param name="connect">Opens a connection; throws <see cref="ConnectFailedException"/>.</param>
    /// <param name="time">For time limits and dates.</param>
    /// <param name="profile">The destination's own credentials, secrets or response limit; null to use only the settings.</param>
    public HttpEndpoint(
        DestinationSettings settings, Func<CancellationToken, ValueTask<Stream>> connect, TimeProvider time, HttpIntakeProfile? profile = null)
    {
        this.settings = settings;
        this.time = time;
        Mask = new SecretMask(settings.SpokenSecrets().Concat((profile?.Secrets ?? []).Select(secret => secret.Reveal())));
        credentials = profile?.Credentials ?? HttpCredentials.Create(settings.Authentication);
        maxAnswerBytes = profile?.MaxAnswerBytes ?? UsualAnswerBytes;
        var endpoint = settings.Endpoint.ToString();
        display = $"{settings.ServerUrl.Scheme}://{endpoint}";
        origin = SecuredHttp.OriginOf(settings.Endpoint);
        hostHeader = settings.Port == DestinationCatalog.DefaultPort(settings.ServerUrl.Scheme) ? endpoint[..endpoint.LastIndexOf(':')] : endpoint;
        invoker = new HttpMessageInvoker(SecuredHttp.CreateHandler(async cancellationToken => new AnswerAheadStream(await connect(cancellationToken))));
    }

    public SecretMask Mask { get; }

    /// <summary>Makes one request.</summary>
    /// <param name="exchange">Its bytes must stay unchanged until the response arrives; they may be sent twice if a reused connection was closed.</param>
    /// <param name="cancellationToken">The only thing that throws.</param>
    public async Task<Result<HttpAnswer>> SendAsync(HttpExchange exchange, CancellationToken cancellationToken)
    {
        if (!credentials.TryGet(out var credential, out var unusable))
        {
            return unusable;
        }

        using var bound = new TimeBound(settings.Timeout, time, cancellationToken);
        using var request = CreateRequest(exchange, credential);
        try
        {
            using var response = await invoker.SendAsync(request, bound.Token);
            var received = await ReadAnswerAsync(response, bound.Token);
            if (request.Content is CutOffContent { CutOff: { } connection })
            {
                await connection.DisposeAsync();
                // A request accepted before it was sent completely does not count as accepted.
                return received.Status is >= 200 and <= 299 ? BrokenOff : received;
            }

            return received;
        }
        catch (Exception exception) when (bound.IsOver && IsCutOff(exception))
        {
            return new Fault(
                ErrorCategory.Timeout, $"{display} did not answer within {settings.Timeout.TotalSeconds:0.##} s.",
                "The batch is sent again and may arrive twice; check the receiver's load and the network, or raise http.timeoutSeconds.");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or SocketException or FormatException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return FaultOf(exception);
        }
    }

    // A cancelled request closes its connection, and the client may report that instead of the cancellation.
    private static bool IsCutOff(Exception exception) =>
        exception is OperationCanceledException
        || (exception is HttpRequestException or IOException or SocketException && exception.InnerException is not ConnectFailedException);

    public void Dispose()
    {
        invoker.Dispose();
        buffer.Dispose();
    }

    private HttpRequestMessage CreateRequest(HttpExchange exchange, HttpCredentials credential)
    {
        var request = new HttpRequestMessage(exchange.Method, new Uri(origin + exchange.PathAndQuery))
        {
            Version = System.Net.HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Host = hostHeader;
        request.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
        credential.ApplyTo(request.Headers);
        foreach (var (name, value) in exchange.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (exchange.Method == HttpMethod.Get)
        {
            return request;
        }

        request.Content = new CutOffContent(exchange.Body);
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(exchange.ContentType);
        if (exchange.Gzip)
        {
            request.Content.Headers.ContentEncoding.Add("gzip");
        }

        return request;
    }

    private async Task<HttpAnswer> ReadAnswerAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        buffer.Clear();
        await using (var stream = await response.Content.ReadAsStreamAsync(cancellationToken))
        {
            await buffer.FillAsync(stream, maxAnswerBytes, null, cancellationToken);
        }

        var body = buffer.Memory;
        if (body.Span.StartsWith(Encoding.UTF8.Preamble))
        {
            body = body[Encoding.UTF8.Preamble.Length..];
        }

        var retryAfter = response.Headers.TryGetValues("Retry-After", out var values) ? values.First() : null;
        var text = OneLine.Of(Mask.Mask(Encoding.UTF8.GetString(body.Span[..Math.Min(body.Length, UsualAnswerBytes)])));
        return new HttpAnswer(display, (int)response.StatusCode, text, body)
        {
            RetryAfter = RetryAfter.Parse(retryAfter, time.GetUtcNow()),
            Location = LocationOf(response),
            Hide = Mask.Mask,
            IsHtml = response.Content.Headers.ContentType?.MediaType is "text/html" or "application/xhtml+xml"
                || text.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase),
        };
    }

    private string? LocationOf(HttpResponseMessage response)
    {
        if (response.Headers.Location is not { } location)
        {
            return null;
        }

        return location.IsAbsoluteUri
            ? Mask.Mask(OneLine.Of(location.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped), 200))
            : "another path of the same host";
    }

    private Fault FaultOf(Exception exception)
    {
        if (exception.InnerException is ConnectFailedException failed)
        {
            return failed.Fault;
        }

        if (settings.ServerUrl.Scheme == Uri.UriSchemeHttps
            && TlsFaults.FindAlert(settings.Endpoint, exception, settings.Tls.ClientCertificate is not null) is { } alert)
        {
            return alert;
        }

        return exception is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse }
            ? new Fault(
                ErrorCategory.Configuration, $"{display} did not answer in HTTP.",
                "Check scheme and port of the server URL: https:// may be needed, or this may not be an HTTP receiver.", NeedsChange: true)
            : BrokenOff;
    }

    private Fault BrokenOff => new(
        ErrorCategory.Connection, $"{display} closed the connection before its answer was complete.",
        "The batch is sent again and may arrive twice; check the receiver's log if this keeps happening.");
}
