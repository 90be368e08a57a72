using System.Globalization;
using System.Net.Sockets;
using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Connections.Tls;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>One RELP session on one connection: offers, sends messages in windows, and counts their acknowledgements.</summary>
/// <remarks>
/// Protocol: librelp, doc/relp.html. A frame is <c>TXNR SP COMMAND SP DATALEN [SP DATA] LF</c>; a receiver answers each with <c>rsp</c> under
/// the same number, whose data begins with 200 where it took the frame.
/// </remarks>
internal sealed class RelpSession(Connection connection, DestinationSettings settings, int window, TimeProvider time) : IAsyncDisposable
{
    private const int MaxNumber = 999_999_999;

    private readonly RelpReader reader = new(connection.Stream);
    private readonly MemoryStream frames = new();
    private int number;

    /// <summary>The last frames that were written.</summary>
    public ReadOnlyMemory<byte> LastFrame { get; private set; }

    /// <summary>Data of the last answer.</summary>
    public ReadOnlyMemory<byte> LastAnswer { get; private set; }

    /// <summary>Opens the session; null where the receiver agreed.</summary>
    public async Task<Fault?> OpenAsync(CancellationToken cancellationToken)
    {
        var result = new RelpResult();
        var fault = await ExchangeAsync(
            () => Add("open"u8, "relp_version=0\nrelp_software=SiemForwarder\ncommands=syslog"u8), 1, result, cancellationToken);
        return fault ?? (result.Refused is [var refused, ..]
            ? new Fault(
                ErrorCategory.Configuration, $"{connection.Endpoint} answered {refused.Answer} to the offer of a session.",
                "Check that the receiver's RELP input takes syslog.",
                NeedsChange: true)
            : null);
    }

    /// <summary>Sends all messages; which of them were answered and how, and why no more.</summary>
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

    /// <summary>The frames of the first messages of a session; number 1 is its opening.</summary>
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

    /// <summary>Says close, without waiting for the answer, and ends the connection.</summary>
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
            // It is closed already, or takes nothing more; everything that counts was acknowledged.
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
                "What it did not acknowledge is sent again; check that this port speaks RELP, and the receiver's load.");
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            return TlsFaults.FindAlert(connection.Endpoint, exception, connection.HasClientCertificate) ?? SocketFaults.Broken(connection.Endpoint, exception);
        }
    }

    // A refusal does not end the session: the messages behind it have answers of their own, and need not come twice.
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
                    "Check the port: RELP has one of its own, beside that of plain syslog.", NeedsChange: true);
            case { Command: "serverclose" }:
                return new Fault(
                    ErrorCategory.Connection, $"{connection.Endpoint} closes the RELP session.",
                    "What it did not acknowledge is sent again; look at the receiver's log if this repeats.");
            case { Command: "rsp" } when answer.Number == expected:
                result.Note(answer.Data.Span);
                return null;
            default:
                return new Fault(
                    ErrorCategory.Connection, $"{connection.Endpoint} answered number {answer.Number} where {expected} was expected.",
                    "What it did not acknowledge is sent again on a new connection.");
        }
    }

    // Numbers begin anew once the largest is used; a window never crosses that line.
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

/// <summary>A message that the receiver answered with anything but 200.</summary>
internal sealed record RelpRefusal(int Index, string Answer);

/// <summary>How far a batch came: every message up to <see cref="Answered"/> was taken, but for those that were refused.</summary>
internal sealed class RelpResult
{
    private readonly List<RelpRefusal> refused = [];

    /// <summary>Messages with an answer, from the first on.</summary>
    public int Answered { get; private set; }

    public IReadOnlyList<RelpRefusal> Refused => refused;

    /// <summary>Why there are no more answers; null where all came.</summary>
    public Fault? Fault { get; set; }

    /// <summary>Messages that the receiver took.</summary>
    public int Taken => Answered - refused.Count;

    /// <summary>Notes the next answer; its data begins with 200 where the message was taken.</summary>
    public void Note(ReadOnlySpan<byte> data)
    {
        if (!data.StartsWith("200"u8))
        {
            refused.Add(new RelpRefusal(Answered, OneLine.Of(data)));
        }

        Answered++;
    }
}
