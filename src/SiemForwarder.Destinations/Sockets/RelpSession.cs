using System.Globalization;
using System.Net.Sockets;
using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Connections.Tls;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>One RELP session on one connection: opens the session, sends messages in windows, and counts their acknowledgements.</summary>
/// <remarks>
/// Protocol: librelp, doc/relp.html. A frame is <c>TXNR SP COMMAND SP DATALEN [SP DATA] LF</c>; a receiver answers each one with <c>rsp</c> and
/// the same number, with data that starts with 200 if it accepted the frame.
/// </remarks>
internal sealed class RelpSession(Connection connection, DestinationSettings settings, int window, TimeProvider time) : IAsyncDisposable
{
    private const int MaxNumber = 999_999_999;

    private readonly RelpReader reader = new(connection.Stream);
    private readonly MemoryStream frames = new();
    private int number;

    /// <summary>The most recently written frames.</summary>
    public ReadOnlyMemory<byte> LastFrame { get; private set; }

    /// <summary>Data of the last response.</summary>
    public ReadOnlyMemory<byte> LastAnswer { get; private set; }

    /// <summary>Opens the session; null if the receiver agreed.</summary>
    public async Task<Fault?> OpenAsync(CancellationToken cancellationToken)
    {
        var result = new RelpResult();
        var fault = await ExchangeAsync(
            () => Add("open"u8, "relp_version=0\nrelp_software=SiemForwarder\ncommands=syslog"u8), 1, result, cancellationToken);
        return fault ?? (result.Refused is [var refused, ..]
            ? new Fault(
                ErrorCategory.Configuration, $"{connection.Endpoint} answered {refused.Answer} when offered a session.",
                "Check that the receiver's RELP input accepts syslog.",
                NeedsChange: true)
            : null);
    }

    /// <summary>Sends all messages; returns which were answered and how, and why the rest were not.</summary>
    public async Task<RelpResult> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var result = new RelpResult();
        for (var first = 0; first < batch.Count && result.Fault is null; first += window)
        {
            var (from, count) = (first, Math.Min(window, batch.Count - first));
            result.Fault = await ExchangeAsync(
                () =>
                {
                    for (var index = from; index < from + count; index++)
                    {
                        Add("syslog"u8, batch[index].Span);
                    }
                },
                count, result, cancellationToken);
        }

        return result;
    }

    /// <summary>The frames of the first messages in a session; number 1 is its opening.</summary>
    public static byte[] FirstFrames(DeliveryBatch batch)
    {
        using var written = new MemoryStream();
        for (var index = 0; index < batch.Count; index++)
        {
            WriteFrame(written, index + 2, "syslog"u8, batch[index].Span);
        }

        return written.ToArray();
    }

    public void Abort() => connection.Abort();

    /// <summary>Sends close without waiting for the response, and ends the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            using var bound = new TimeBound(TimeSpan.FromSeconds(1), time, CancellationToken.None);
            frames.SetLength(0);
            Add("close"u8, default);
            await connection.Stream.WriteAsync(frames.GetBuffer().AsMemory(0, (int)frames.Length), bound.Token);
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // It is already closed or accepts nothing more; everything that counts was acknowledged.
            connection.Abort();
        }

        await connection.DisposeAsync();
    }

    private async Task<Fault?> ExchangeAsync(Action write, int count, RelpResult result, CancellationToken cancellationToken)
    {
        frames.SetLength(0);
        var first = number + 1;
        write();
        using var bound = new TimeBound(settings.Timeout, time, cancellationToken);
        try
        {
            LastFrame = frames.ToArray();
            await connection.Stream.WriteAsync(LastFrame, bound.Token);
            for (var taken = 0; taken < count; taken++)
            {
                var answer = await reader.ReadAsync(bound.Token);
                if (Judge(answer, first + taken, result) is { } fault)
                {
                    return fault;
                }

                bound.Extend(settings.Timeout);
            }

            Wrap();
            return null;
        }
        catch (OperationCanceledException) when (bound.IsOver)
        {
            return new Fault(
                ErrorCategory.Timeout, $"{connection.Endpoint} acknowledged nothing for {settings.Timeout.TotalSeconds:0.##} s.",
                "Unacknowledged messages are sent again; check that this port speaks RELP, and the receiver's load.");
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            return TlsFaults.FindAlert(connection.Endpoint, exception, connection.HasClientCertificate) ?? SocketFaults.Broken(connection.Endpoint, exception);
        }
    }

    // A rejection does not end the session: later messages get their own responses and need not be sent twice.
    private Fault? Judge(RelpAnswer? answer, int expected, RelpResult result)
    {
        LastAnswer = answer?.Data ?? LastAnswer;
        switch (answer)
        {
            case null:
                return SocketFaults.Reset(connection.Endpoint);
            case { Command: "" }:
                return new Fault(
                    ErrorCategory.Configuration, $"{connection.Endpoint} does not speak RELP.",
                    "Check the port: RELP uses a different one than plain syslog.", NeedsChange: true);
            case { Command: "serverclose" }:
                return new Fault(
                    ErrorCategory.Connection, $"{connection.Endpoint} closed the RELP session.",
                    "Unacknowledged messages are sent again; check the receiver's log if this keeps happening.");
            case { Command: "rsp" } when answer.Number == expected:
                result.Note(answer.Data.Span);
                return null;
            default:
                return new Fault(
                    ErrorCategory.Connection, $"{connection.Endpoint} answered number {answer.Number} instead of {expected}.",
                    "Unacknowledged messages are sent again on a new connection.");
        }
    }

    // Numbers start over after the largest; a window never crosses that boundary.
    private void Wrap() => number = number > MaxNumber - 2000 ? 0 : number;

    private void Add(ReadOnlySpan<byte> command, ReadOnlySpan<byte> data) => WriteFrame(frames, ++number, command, data);

    /// <summary>Writes <c>TXNR SP COMMAND SP DATALEN [SP DATA] LF</c>.</summary>
    private static void WriteFrame(MemoryStream frames, int number, ReadOnlySpan<byte> command, ReadOnlySpan<byte> data)
    {
        frames.Write(Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
        frames.WriteByte((byte)' ');
        frames.Write(command);
        frames.WriteByte((byte)' ');
        frames.Write(Encoding.ASCII.GetBytes(data.Length.ToString(CultureInfo.InvariantCulture)));
        if (data.Length > 0)
        {
            frames.WriteByte((byte)' ');
            frames.Write(data);
        }

        frames.WriteByte((byte)'\n');
    }
}

/// <summary>A message that the receiver answered with something other than 200.</summary>
internal sealed record RelpRefusal(int Index, string Answer);

/// <summary>How far a batch got: every message up to <see cref="Answered"/> was accepted, except for the rejected ones.</summary>
internal sealed class RelpResult
{
    private readonly List<RelpRefusal> refused = [];

    /// <summary>Number of answered messages, counted from the first.</summary>
    public int Answered { get; private set; }

    public IReadOnlyList<RelpRefusal> Refused => refused;

    /// <summary>Why there are no more answers; null if all arrived.</summary>
    public Fault? Fault { get; set; }

    /// <summary>Number of messages that the receiver accepted.</summary>
    public int Taken => Answered - refused.Count;

    /// <summary>Records the next answer, whose data starts with 200 if the message was accepted.</summary>
    public void Note(ReadOnlySpan<byte> data)
    {
        if (!data.StartsWith("200"u8))
        {
            refused.Add(new RelpRefusal(Answered, OneLine.Of(data)));
        }

        Answered++;
    }
}
