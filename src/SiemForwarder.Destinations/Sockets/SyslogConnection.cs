using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Connections.Tls;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>A connection that carries whole batches and reports for each whether the peer's system received all of it.</summary>
internal sealed class SyslogConnection : IAsyncDisposable
{
    private const int WriteBytes = 256 * 1024;

    private static readonly TimeSpan MaxStall = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxSettling = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LateJudgement = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Objecting = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan RestOfASentence = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxPause = TimeSpan.FromMilliseconds(20);

    private readonly Connection connection;
    private readonly TimeSpan timeout;
    private readonly TimeProvider time;
    private readonly PeerWatch watch;
    private bool isProven;

    private SyslogConnection(Connection connection, TimeSpan timeout, TimeProvider time)
    {
        this.connection = connection;
        this.timeout = timeout;
        this.time = time;
        watch = new PeerWatch(connection.Stream);
    }

    public PeerWatch Watch => watch;

    public bool HasClientCertificate => connection.HasClientCertificate;

    /// <summary>False if the peer has closed the connection since the last write.</summary>
    public bool IsOpen => !watch.Ended.IsCompleted && (!SendQueue.IsKnown || SendQueue.Read(connection.Socket).Peer == PeerState.Open);

    /// <summary>Whether the peer closed in an orderly way, which requires that its program has read everything: with unread bytes its system
    /// sends a reset.</summary>
    /// <remarks>A peer that sent something is not a syslog receiver, and what it read is lost however the connection ends.</remarks>
    public bool IsOrderlyEnd => watch is { Ended.IsCompleted: true, Objection: null, Received.IsEmpty: true };

    public static async Task<Result<SyslogConnection>> OpenAsync(
        Connector connector, TimeSpan timeout, TimeProvider time, StageLog? log, CancellationToken cancellationToken)
    {
        var opened = await connector.OpenAsync(log, cancellationToken);
        if (!opened.TryGet(out var connection, out var fault))
        {
            return fault;
        }

        var syslog = new SyslogConnection(connection, timeout, time);
        fault = await syslog.SettleAsync(cancellationToken);
        if (fault is null)
        {
            return syslog;
        }

        log?.Failed(TestStageName.Authentication, fault);
        syslog.Abort();
        return fault;
    }

    /// <summary>Writes the frames and waits until the peer's system has acknowledged every byte; after a fault the connection is unusable.</summary>
    public async Task<Fault?> WriteAsync(ReadOnlyMemory<byte> frames, CancellationToken cancellationToken)
    {
        var fault = WhatThePeerSaid()
            ?? await HandOverAsync(frames, cancellationToken)
            ?? await AwaitAcknowledgementAsync(cancellationToken)
            ?? await AwaitProofAsync(cancellationToken)
            ?? WhatThePeerSaid();
        if (fault is null)
        {
            return null;
        }

        if (fault.Category == ErrorCategory.Tls || fault.NeedsChange)
        {
            return fault;
        }

        // A stuck plain-text peer has nothing to say.
        if (connection.Tls is not null || fault.Category != ErrorCategory.Timeout)
        {
            await GiveTheWatchTimeAsync(cancellationToken);
        }

        if (WhatThePeerSaid() is { } said)
        {
            return said;
        }

        return isProven || connection.Tls is null || !watch.Ended.IsCompleted ? WhatTheWatchSaw() ?? fault : EndOfANewTlsConnection();
    }

    /// <summary>The fault for a peer that sends something back; null if it is silent, as a syslog receiver is.</summary>
    public Fault? WhatThePeerSaid() =>
        watch.Received is { IsEmpty: false } said ? SpeakingPeer.FaultOf(connection.Endpoint, said.Span, connection.Tls is not null) : null;

    /// <summary>The fault found by the pending read; null if there is none.</summary>
    public Fault? WhatTheWatchSaw() =>
        watch is { Ended.IsCompleted: true, Objection: { } exception } ? FaultOf(exception) : null;

    public void Abort() => connection.Abort();

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (connection.Tls is { } tls)
            {
                await tls.ShutdownAsync().WaitAsync(MaxSettling, time);
            }

            connection.Socket.Shutdown(SocketShutdown.Send);
            await watch.Ended.WaitAsync(MaxSettling, time);
        }
        catch (Exception exception) when (exception is IOException or SocketException or TimeoutException or InvalidOperationException)
        {
            // Everything sent was acknowledged long ago; a peer that does not complete the shutdown changes nothing.
            connection.Abort();
        }

        await connection.DisposeAsync();
    }

    /// <summary>Waits for a sign that the receiver accepted the client before anything is entrusted to it.</summary>
    private async Task<Fault?> SettleAsync(CancellationToken cancellationToken)
    {
        if (connection.Tls is not { } tls || connection.Inbound is not { } inbound)
        {
            return null;
        }

        if (tls.SslProtocol == SslProtocols.Tls13)
        {
            // Not every receiver issues session tickets; one that is silent for this long has accepted.
            await ForAtMostAsync(Task.WhenAny(inbound.Digested, watch.Ended), MaxSettling, cancellationToken);
        }

        // Some receivers check the client certificate last, and simply close.
        await ForAtMostAsync(watch.Ended, LateJudgement, cancellationToken);
        return watch.Ended.IsCompleted ? EndOfANewTlsConnection() : null;
    }

    /// <summary>
    /// The first batch of a connection counts only if the receiver does not discard it right away: rsyslog checks a client's name, and a
    /// proxy its back ends, once bytes have arrived, and both then reset what their system had already acknowledged. A service that is not a
    /// syslog receiver answers or closes.
    /// </summary>
    private async Task<Fault?> AwaitProofAsync(CancellationToken cancellationToken)
    {
        if (isProven)
        {
            return null;
        }

        await ForAtMostAsync(Task.WhenAny(watch.Spoke, watch.Ended), Objecting, cancellationToken);
        if (watch.Spoke.IsCompleted)
        {
            await ForAtMostAsync(watch.Ended, RestOfASentence, cancellationToken);
            return WhatThePeerSaid();
        }

        isProven = true;
        if (!watch.Ended.IsCompleted)
        {
            return null;
        }

        // A receiver that closes in an orderly way has read everything, but one that wanted it would stay connected.
        return connection.Tls is null ? WhatTheWatchSaw() ?? ClosedAtOnce(connection.Endpoint) : EndOfANewTlsConnection();
    }

    /// <summary>The peer accepted the first batch and closed.</summary>
    public static Fault ClosedAtOnce(Endpoint endpoint) => new(
        ErrorCategory.Connection, $"{endpoint} received the message and closed the connection.",
        "It may reject this sender, the framing (octet-counting or lf), or plain text on a TLS port; its log says which.");

    private Fault EndOfANewTlsConnection() =>
        (watch.Objection is { } exception ? TlsFaults.FindAlert(connection.Endpoint, exception, connection.HasClientCertificate) : null)
        ?? TlsFaults.ClosedAtOnce(connection.Endpoint, connection.HasClientCertificate);

    private async Task ForAtMostAsync(Task task, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var bound = new TimeBound(limit, time, cancellationToken);
        await task.WaitAsync(bound.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Waits for the pending read to finish: the system learns slightly earlier that a connection is over, and a write can fail before the
    /// read sees what the peer sent.</summary>
    public Task GiveTheWatchTimeAsync(CancellationToken cancellationToken) => ForAtMostAsync(watch.Ended, LateJudgement, cancellationToken);

    private Fault FaultOf(Exception exception) =>
        TlsFaults.FindAlert(connection.Endpoint, exception, connection.HasClientCertificate) ?? SocketFaults.Broken(connection.Endpoint, exception);

    private async Task<Fault?> HandOverAsync(ReadOnlyMemory<byte> frames, CancellationToken cancellationToken)
    {
        using var bound = new TimeBound(timeout, time, cancellationToken);
        try
        {
            for (var written = 0; written < frames.Length; written += WriteBytes)
            {
                bound.Extend(timeout);
                await connection.Stream.WriteAsync(frames.Slice(written, Math.Min(WriteBytes, frames.Length - written)), bound.Token);
            }

            return null;
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            return FaultOf(exception);
        }
        catch (OperationCanceledException) when (bound.IsOver)
        {
            return new Fault(
                ErrorCategory.Timeout, $"{connection.Endpoint} accepted nothing for {timeout.TotalSeconds:0.##} s.",
                "The receiver is overloaded or stuck; the batch is sent again.");
        }
    }

    private async Task<Fault?> AwaitAcknowledgementAsync(CancellationToken cancellationToken)
    {
        if (!SendQueue.IsKnown)
        {
            return watch.Ended.IsCompleted ? SocketFaults.Reset(connection.Endpoint) : null;
        }

        var limit = timeout < MaxStall ? timeout : MaxStall;
        var least = int.MaxValue;
        var movedAt = time.GetTimestamp();
        var pause = TimeSpan.FromMilliseconds(1);
        for (var look = 0; ; look++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var queue = SendQueue.Read(connection.Socket);
            if (queue.Peer == PeerState.Gone)
            {
                return SocketFaults.Reset(connection.Endpoint);
            }

            if (queue.Unacknowledged == 0 || watch.Spoke.IsCompleted)
            {
                return WhatThePeerSaid() ?? WhatTheWatchSaw();
            }

            if (queue.Unacknowledged < least)
            {
                least = queue.Unacknowledged;
                movedAt = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(movedAt) >= limit)
            {
                return new Fault(
                    ErrorCategory.Timeout, $"{connection.Endpoint} did not acknowledge {queue.Unacknowledged} bytes within {limit.TotalSeconds:0.##} s.",
                    "The receiver is overloaded, stuck or unreachable; the batch is sent again.");
            }

            if (look < 16)
            {
                await Task.Yield();
            }
            else
            {
                await Task.Delay(pause, time, cancellationToken);
                pause = pause * 2 < MaxPause ? pause * 2 : MaxPause;
            }
        }
    }
}

/// <summary>Asks the kernel how many of the written bytes the peer has not yet acknowledged.</summary>
/// <remarks>
/// Linux only: <c>ioctl(SIOCOUTQ)</c>, tcp(7), and the state in <c>TCP_INFO</c>. On other systems nothing is known, and a batch counts as
/// accepted once it has been written and the connection has not been seen to close.
/// </remarks>
internal static class SendQueue
{
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const byte Established = 1;
    private const byte CloseWait = 8;

    // TIOCOUTQ under another name; PowerPC numbers its requests differently.
    private static readonly nuint OutstandingBytes = RuntimeInformation.ProcessArchitecture == Architecture.Ppc64le ? 0x40047473u : 0x5411u;

    public static bool IsKnown => OperatingSystem.IsLinux();

    /// <summary>The kernel's information on a connected socket.</summary>
    public static SendQueueState Read(Socket socket)
    {
        // The queue first: a reset in between shows in the state, and then the count is disregarded.
        if (IoControl(socket.SafeHandle, OutstandingBytes, out var unacknowledged) != 0)
        {
            return new SendQueueState(PeerState.Gone, int.MaxValue);
        }

        Span<byte> info = stackalloc byte[256];
        socket.GetRawSocketOption(TcpLevel, TcpInfo, info);
        return new SendQueueState(
            info[0] switch { Established => PeerState.Open, CloseWait => PeerState.Closing, _ => PeerState.Gone }, unacknowledged);
    }

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int IoControl(SafeSocketHandle socket, nuint request, out int value);
}

/// <summary>The state of the other side of a connection, as known to the kernel.</summary>
internal enum PeerState
{
    Open,

    /// <summary>It has announced that it sends nothing more (FIN); it may still read.</summary>
    Closing,

    /// <summary>The connection is reset or closed; outstanding bytes will never be acknowledged.</summary>
    Gone,
}

/// <summary>A snapshot of a connection's send queue.</summary>
/// <param name="Peer">State of the other side.</param>
/// <param name="Unacknowledged">Bytes written that the peer's system has not acknowledged.</param>
internal readonly record struct SendQueueState(PeerState Peer, int Unacknowledged);
