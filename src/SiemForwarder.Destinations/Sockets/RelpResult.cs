using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Sockets;

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
