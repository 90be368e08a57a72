using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>Syslog, or lines of JSON, over one persistent TCP or TLS connection (RFC 6587, RFC 5425).</summary>
/// <remarks>
/// Syslog has no acknowledgement. A batch counts as handed over once the peer's system has acknowledged every byte; if the connection
/// ends before that, the whole batch is sent again on a new one. If a connection ends abnormally later, whatever the peer's program may not have
/// read yet is sent again first (see <see cref="ResendWindow"/>), and the outcome of the next delivery says so.
/// </remarks>
internal sealed class SyslogTcpDestination : IDestination
{
    private readonly DestinationSettings settings;
    private readonly TimeProvider time;
    private readonly Connector connector;
    private readonly SyslogFrames frames;
    private readonly ResendWindow window;
    private SyslogConnection? connection;
    private bool isResendDue;
    private (int Events, int Bytes, int Goes) resent;

    public SyslogTcpDestination(DestinationSettings settings, bool secure, TimeProvider time)
    {
        window = new ResendWindow(SyslogSettings.Read(new SettingReader(settings.Settings)).ResendWindowBytes, settings.Resends);
        this.settings = settings;
        this.time = time;
        connector = new Connector(settings.Connection, secure, null, time);
        frames = new SyslogFrames(settings.Framing);
    }

    // With the last event, which may not fit any more, and with the marks between them a batch stays within an array of a megabyte.
    public BatchLimits Limits { get; } = new(MaxEvents: 2000, MaxBytes: (1024 - 64) * 1024);

    public async Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        if (await PrepareAsync(cancellationToken) is { } fault)
        {
            return fault.ToOutcome(settings.IntegrationName);
        }

        var framed = frames.Frame(batch);
        fault = await WriteAsync(framed, cancellationToken);
        if (fault is not null)
        {
            return fault.ToOutcome(settings.IntegrationName);
        }

        window.Remember(frames.Release(), framed.Length, batch.Count);
        var delivered = Delivered();
        resent = default;
        return delivered;
    }

    /// <summary>Sends the window again if the connection ended abnormally after the last batch.</summary>
    public async Task<DeliveryOutcome?> RecoverAsync(CancellationToken cancellationToken)
    {
        if (await LookAsync(cancellationToken) is { } said)
        {
            return said.ToOutcome(settings.IntegrationName);
        }

        if (!isResendDue)
        {
            return null;
        }

        return (await PrepareAsync(cancellationToken))?.ToOutcome(settings.IntegrationName) ?? Delivered();
    }

    public Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken) =>
        Task.FromResult<WireImage?>(new WireImage([WireUnit.Of(WireUnitKind.Stream, frames.Frame(batch))]));

    public Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken) =>
        SyslogTest.OverStreamAsync(connector, settings, time, batch, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (connection is not null)
        {
            await connection.DisposeAsync();
        }

        connector.Dispose();
        frames.Dispose();
        window.Dispose();
    }

    /// <summary>Opens a connection if needed and sends everything that must be sent again; null, or what went wrong.</summary>
    private async Task<Fault?> PrepareAsync(CancellationToken cancellationToken)
    {
        if (await LookAsync(cancellationToken) is { } said)
        {
            return said;
        }

        if (connection is null)
        {
            var opened = await SyslogConnection.OpenAsync(connector, settings.Timeout, time, null, cancellationToken);
            if (!opened.TryGet(out connection, out var fault))
            {
                return fault;
            }
        }

        if (!isResendDue)
        {
            return null;
        }

        foreach (var framed in window.Batches)
        {
            if (await WriteAsync(framed, cancellationToken) is { } fault)
            {
                return fault;
            }
        }

        isResendDue = false;
        resent = (resent.Events + window.Events, resent.Bytes + window.Bytes, resent.Goes + 1);
        return null;
    }

    /// <summary>Abandons a connection that ended or whose peer sent something; a fault for the latter.</summary>
    private async Task<Fault?> LookAsync(CancellationToken cancellationToken)
    {
        if (connection is { IsOpen: false })
        {
            await connection.GiveTheWatchTimeAsync(cancellationToken);
        }

        var said = connection?.WhatThePeerSaid();
        if (said is not null || connection is { IsOpen: false })
        {
            Forget();
        }

        return said;
    }

    private DeliveryOutcome.Delivered Delivered() => new(resent.Goes == 0
        ? "acknowledged by the receiver's TCP"
        : $"acknowledged by the receiver's TCP; before that, it took {CountText.Of(resent.Goes, "attempt")} to send "
            + $"{CountText.Of(resent.Events, "event")} ({resent.Bytes} bytes) again because a connection had ended abnormally");

    private async Task<Fault?> WriteAsync(ReadOnlyMemory<byte> framed, CancellationToken cancellationToken)
    {
        var complete = false;
        try
        {
            var fault = await connection!.WriteAsync(framed, cancellationToken);
            complete = fault is null;
            return fault;
        }
        finally
        {
            if (!complete)
            {
                // Part of a frame may have been sent: it must not be continued, here or on another connection.
                Forget();
            }
        }
    }

    private void Forget()
    {
        isResendDue |= connection is { IsOrderlyEnd: false } && window.Events > 0;
        connection?.Abort();
        connection = null;
    }
}
