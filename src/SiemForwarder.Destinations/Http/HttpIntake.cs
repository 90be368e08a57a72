using System.IO.Compression;
using System.Net.Security;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Destinations.Http;

/// <summary>A destination that posts each batch as one request; a SIEM adds how it wraps events and what its responses mean.</summary>
internal abstract class HttpIntake : IDestination
{
    private const int ShownBytes = 4096;

    private readonly TimeProvider time;
    private readonly HttpIntakeProfile profile;
    private readonly Connector connector;
    private readonly HttpEndpoint endpoint;
    private readonly PooledBuffer plain = new();
    private readonly PooledBuffer compressed = new();

    protected HttpIntake(DestinationSettings settings, TimeProvider time, HttpIntakeProfile profile)
    {
        Settings = settings;
        this.time = time;
        this.profile = profile;
        connector = new Connector(settings.Connection, settings.ServerUrl.Scheme == Uri.UriSchemeHttps, SslApplicationProtocol.Http11, time);
        endpoint = new HttpEndpoint(settings, connector.OpenStreamAsync, time, profile);
    }

    public BatchLimits Limits => profile.Limits;

    protected DestinationSettings Settings { get; }

    public virtual async Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken) =>
        (await SendAsync(endpoint, batch, cancellationToken)).Outcome;

    public virtual async Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var (unit, fault) = await RenderUnitAsync(batch, cancellationToken);
        return new WireImage(
            [unit], fault?.What ?? (FetchesAccess ? "The access token is fetched when a batch is sent; its Authorization header is not shown." : null));
    }

    public async Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var log = new StageLog(time);
        var opened = await connector.OpenAsync(log, cancellationToken);
        if (!opened.TryGet(out var connection, out _))
        {
            return log.ToReport(default, default);
        }

        await using var recorded = new RecordedConnections(connector, connection);
        using var ofTest = new HttpEndpoint(Settings, recorded.OpenAsync, time, profile);
        var probe = await ProbeAsync(ofTest, cancellationToken);
        if (probe?.Fault is null)
        {
            recorded.Restart();
            var sent = await SendAsync(ofTest, batch, cancellationToken);
            Note(log, probe, sent, HintOf(batch));
        }
        else
        {
            plain.Clear();
            Fail(log, probe.Fault);
        }

        var head = ofTest.Mask.Mask(recorded.SentHead);
        var received = ofTest.Mask.Mask(recorded.Received);
        byte[] request = head.Length == 0 ? [] : [.. head, .. plain.Written];
        return log.ToReport(request, received.AsMemory(0, Math.Min(received.Length, ShownBytes)));
    }

    public ValueTask DisposeAsync()
    {
        endpoint.Dispose();
        connector.Dispose();
        plain.Dispose();
        compressed.Dispose();
        DisposeOwn();
        return ValueTask.CompletedTask;
    }

    /// <summary>What the request for these events looks like, and what would prevent it from being sent.</summary>
    protected Task<(WireUnit Unit, Fault? Fault)> RenderUnitAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var exchange = Exchange(batch, Body(batch));
        return RenderedRequest.OfAsync(Settings, profile, time, exchange, plain.Memory, cancellationToken);
    }

    /// <summary>Writes the request body for these events, before compression.</summary>
    protected abstract void WriteBody(DeliveryBatch batch, PooledBuffer body);

    /// <summary>The meaning of a response to a batch.</summary>
    protected virtual Task<IntakeVerdict> JudgeAsync(HttpEndpoint used, HttpAnswer answer, DeliveryBatch batch, CancellationToken cancellationToken) =>
        Task.FromResult(Judge(answer, batch));

    /// <summary>The meaning of a response to a batch, if no further request is needed to find out.</summary>
    protected virtual IntakeVerdict Judge(HttpAnswer answer, DeliveryBatch batch) => IntakeVerdict.Of(answer, Settings.IntegrationName);

    /// <summary>Checks URL and credentials before the test event is sent; null if there is no way to.</summary>
    protected virtual Task<IntakeVerdict?> ProbeAsync(HttpEndpoint used, CancellationToken cancellationToken) => Task.FromResult<IntakeVerdict?>(null);

    /// <summary>Headers of every request in addition to the credentials.</summary>
    protected virtual IReadOnlyList<KeyValuePair<string, string>> Headers => profile.Headers;

    /// <summary>The headers of the request for these events, whose body consists of these bytes.</summary>
    protected virtual IReadOnlyList<KeyValuePair<string, string>> HeadersOf(DeliveryBatch batch, ReadOnlySpan<byte> body) => Headers;

    /// <summary>Whether the forwarder authenticates to the receiver.</summary>
    protected virtual bool HasCredentials => true;

    /// <summary>How to find the test event in the SIEM, if the response alone does not prove that it is there; otherwise null.</summary>
    protected virtual string? HintOf(DeliveryBatch batch) => null;

    /// <summary>Obtains what a request needs first, such as an access token; null on success.</summary>
    protected virtual Task<IntakeVerdict?> PrepareAsync(HttpEndpoint used, CancellationToken cancellationToken) => Task.FromResult<IntakeVerdict?>(null);

    /// <summary>Whether requests carry an access token obtained by <see cref="PrepareAsync"/>.</summary>
    protected virtual bool FetchesAccess => false;

    /// <summary>After a 401: whether it is worth calling <see cref="PrepareAsync"/> again.</summary>
    protected virtual bool ForgetAccess() => false;

    /// <summary>Releases what only this destination holds.</summary>
    protected virtual void DisposeOwn()
    {
    }

    private async Task<IntakeVerdict> SendAsync(HttpEndpoint used, DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var body = Body(batch);
        while (true)
        {
            if (await PrepareAsync(used, cancellationToken) is { } unprepared)
            {
                return unprepared;
            }

            var posted = await used.SendAsync(Exchange(batch, body), cancellationToken);
            if (!posted.TryGet(out var answer, out var fault))
            {
                return IntakeVerdict.Of(fault, Settings.IntegrationName);
            }

            if (answer.Status != 401 || !ForgetAccess())
            {
                return await JudgeAsync(used, answer, batch, cancellationToken);
            }
        }
    }

    /// <summary>The bytes to send, compressed if configured; <see cref="plain"/> keeps the uncompressed ones.</summary>
    private ReadOnlyMemory<byte> Body(DeliveryBatch batch)
    {
        plain.Clear();
        WriteBody(batch, plain);
        return Settings.Http.Gzip ? Compress() : plain.Memory;
    }

    private HttpExchange Exchange(DeliveryBatch batch, ReadOnlyMemory<byte> body) =>
        new(profile.PathAndQuery, body, profile.ContentType) { Gzip = Settings.Http.Gzip, Headers = HeadersOf(batch, body.Span) };

    private void Note(StageLog log, IntakeVerdict? probe, IntakeVerdict sent, string? hint)
    {
        if (sent.Fault is { Category: ErrorCategory.Authentication or ErrorCategory.Authorization or ErrorCategory.Tls } refused)
        {
            log.Failed(TestStageName.Authentication, refused);
            return;
        }

        if (!HasCredentials)
        {
            log.Skipped(TestStageName.Authentication, "no credentials are set");
        }
        else if (probe?.Outcome is DeliveryOutcome.Delivered asked)
        {
            log.Passed(TestStageName.Authentication, asked.Answer);
        }
        else if (sent.Fault is null)
        {
            log.Passed(TestStageName.Authentication, "the receiver accepted the credentials");
        }
        else
        {
            log.Skipped(TestStageName.Authentication, "the receiver did not say whether it accepts the credentials");
        }

        if (sent.Fault is not null)
        {
            log.Failed(TestStageName.Acceptance, sent.Fault);
        }
        else if (sent.Outcome is DeliveryOutcome.Delivered delivered)
        {
            log.Passed(
                TestStageName.Acceptance,
                $"{connector.Endpoint} accepted the test event: {delivered.Answer}{(hint is null ? "" : $". To see it: {hint}")}");
        }
    }

    private static void Fail(StageLog log, Fault fault) => log.Failed(
        fault.Category is ErrorCategory.Authentication or ErrorCategory.Authorization or ErrorCategory.Tls
            ? TestStageName.Authentication
            : TestStageName.Acceptance,
        fault);

    private ReadOnlyMemory<byte> Compress()
    {
        compressed.Clear();
        using (var gzip = new GZipStream(new BufferStream(compressed), CompressionLevel.Optimal))
        {
            gzip.Write(plain.Written);
        }

        return compressed.Memory;
    }
}

/// <summary>A write-only stream that appends to a buffer; the buffer outlives it.</summary>
file sealed class BufferStream(PooledBuffer buffer) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => buffer.Length;

    public override long Position
    {
        get => buffer.Length;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> bytes) => buffer.Append(bytes);

    public override void Write(byte[] bytes, int offset, int count) => buffer.Append(bytes.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] target, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

/// <summary>What distinguishes one HTTP intake from another, apart from bodies and responses.</summary>
internal sealed record HttpIntakeProfile
{
    /// <summary>The credentials header of every request, or the fault that prevents sending.</summary>
    public required Result<HttpCredentials> Credentials { get; init; }

    public required BatchLimits Limits { get; init; }

    /// <summary>Escaped path and query to which batches are posted.</summary>
    public required string PathAndQuery { get; init; }

    public string ContentType { get; init; } = "application/json";

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Secrets specific to this destination, masked in all texts.</summary>
    public IReadOnlyList<Secret> Secrets { get; init; } = [];

    /// <summary>Maximum number of bytes read from a response.</summary>
    public int MaxAnswerBytes { get; init; } = 64 * 1024;

    /// <summary>The credentials of a destination: the first fault of its settings, its own header, or the integration's authentication
    /// settings.</summary>
    /// <param name="faults">Faults of the settings.</param>
    /// <param name="own">The destination's own header; null if its setting is not used.</param>
    /// <param name="authentication">Authentication settings of the integration.</param>
    public static Result<HttpCredentials> CredentialsOf(IReadOnlyList<SettingFault> faults, HttpCredentials? own, AuthenticationSettings authentication) =>
        faults is [var wrong, ..] ? wrong.ToFault()
            : own is not null ? own : HttpCredentials.Create(authentication);
}
