using System.Buffers;
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
        window = new ResendWindow(SyslogSettings.Read(new SettingReader(settings.Settings)).ResendWindowBytes);
        this.settings = settings;
        this.time = time;
        connector = new Connector(settings.Connection, secure, null, time);
        frames = new SyslogFrames(settings.Framing);
    }

    public BatchLimits Limits { get; } = new(MaxEvents: 2000, MaxBytes: 1024 * 1024);

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

        window.Remember(framed, batch.Count);
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

/// <summary>Remembers the last framed batches acknowledged by the peer's system, which its program may not have read yet.</summary>
/// <remarks>
/// A reset discards whatever is unread in the peer's receive buffer, acknowledged or not. The window is as large as such a buffer, in whole
/// batches, and exists only in memory: it does not outlive the process. Use RELP if that is not enough.
/// </remarks>
internal sealed class ResendWindow : IDisposable
{
    private readonly int bytes;
    private readonly ResendBudget budget;
    private readonly Queue<Entry> entries = new();
    private int held;
    private bool isLeft;

    /// <param name="bytes">How far back it reaches; 0 to disable it.</param>
    /// <param name="budget">The budget shared by all windows; by default that of the process.</param>
    public ResendWindow(int bytes, ResendBudget? budget = null)
    {
        (this.bytes, this.budget) = (bytes, budget ?? ResendBudget.OfProcess);
        this.budget.Join();
    }

    /// <summary>The batches, in the order they were sent.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Batches => entries.Select(entry => (ReadOnlyMemory<byte>)entry.Array.AsMemory(0, entry.Length));

    public int Bytes => held;

    public int Events { get; private set; }

    /// <summary>Keeps a copy of a batch, and drops those beyond the window's reach.</summary>
    public void Remember(ReadOnlyMemory<byte> framed, int events)
    {
        if (bytes == 0)
        {
            return;
        }

        var array = ArrayPool<byte>.Shared.Rent(framed.Length);
        framed.CopyTo(array);
        entries.Enqueue(new Entry(array, framed.Length, events));
        (held, Events) = (held + framed.Length, Events + events);
        budget.Take(array.Length);
        var reach = Math.Min(bytes, budget.Share);
        while (entries.Count > 1 && held - entries.Peek().Length >= reach)
        {
            Drop();
        }
    }

    public void Dispose()
    {
        while (entries.Count > 0)
        {
            Drop();
        }

        if (!isLeft)
        {
            isLeft = true;
            budget.Leave();
        }
    }

    private void Drop()
    {
        var oldest = entries.Dequeue();
        (held, Events) = (held - oldest.Length, Events - oldest.Events);
        budget.Give(oldest.Array.Length);
        ArrayPool<byte>.Shared.Return(oldest.Array);
    }

    private readonly record struct Entry(byte[] Array, int Length, int Events);
}

/// <summary>What all resend windows of a process may hold together: below the limit each keeps its own size, above it an equal share.</summary>
internal sealed class ResendBudget(long maxBytes)
{
    private const long UsualBytes = 128L * 1024 * 1024;
    private int windows;
    private long taken;

    public static ResendBudget OfProcess { get; } = new(UsualBytes);

    /// <summary>Bytes held in the arrays of all windows.</summary>
    public long Taken => Volatile.Read(ref taken);

    /// <summary>How far back a window may currently reach.</summary>
    public int Share => Taken <= maxBytes ? int.MaxValue : (int)Math.Min(int.MaxValue, maxBytes / Math.Max(1, Volatile.Read(ref windows)));

    public void Join() => Interlocked.Increment(ref windows);

    public void Leave() => Interlocked.Decrement(ref windows);

    public void Take(int size) => Interlocked.Add(ref taken, size);

    public void Give(int size) => Interlocked.Add(ref taken, -size);
}
