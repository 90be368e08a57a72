using SiemForwarder.Destinations.Network;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>Syslog, or lines of JSON, over one kept TCP or TLS connection (RFC 6587, RFC 5425).</summary>
/// <remarks>
/// Syslog has no acknowledgement. A batch counts as handed over when the peer's system acknowledged every byte of it; if the connection
/// ends before that, the whole batch is sent again on a new one. What a receiver loses after that, nobody can see.
/// </remarks>
internal sealed class SyslogTcpDestination : IDestination
{
    private readonly DestinationSettings settings;
    private readonly TimeProvider timeProvider;
    private readonly Connector connector;
    private readonly SyslogFrames frames;
    private SyslogConnection? connection;

    public SyslogTcpDestination(DestinationSettings settings, bool secure, TimeProvider timeProvider)
    {
        this.settings = settings;
        this.timeProvider = timeProvider;
        connector = new Connector(settings, secure, null, timeProvider);
        frames = new SyslogFrames(settings.Framing);
    }

    public BatchLimits Limits { get; } = new(MaxEvents: 2000, MaxBytes: 1024 * 1024);

    public async Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var framed = frames.Frame(batch);
        if (connection is { IsOpen: false })
        {
            Forget();
        }

        if (connection is null)
        {
            var opened = await SyslogConnection.OpenAsync(connector, settings.Timeout, timeProvider, null, cancellationToken);
            if (!opened.TryGet(out connection, out var fault))
            {
                return fault.ToOutcome(settings.IntegrationName);
            }
        }

        var complete = false;
        try
        {
            var fault = await connection.WriteAsync(framed, cancellationToken);
            complete = fault is null;
            return fault?.ToOutcome(settings.IntegrationName) ?? new DeliveryOutcome.Delivered("acknowledged by the receiver's TCP");
        }
        finally
        {
            if (!complete)
            {
                // Part of a frame may be out: it must not be continued, here or on another connection.
                Forget();
            }
        }
    }

    public Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken) =>
        SyslogTest.OverStreamAsync(connector, settings, timeProvider, batch, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (connection is not null)
        {
            await connection.DisposeAsync();
        }

        connector.Dispose();
        frames.Dispose();
    }

    private void Forget()
    {
        connection?.Abort();
        connection = null;
    }
}
