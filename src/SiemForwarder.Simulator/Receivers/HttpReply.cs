using System.Text;

namespace SiemForwarder.Simulator.Receivers;

/// <summary>What an HTTP receiver does after reading a request.</summary>
public enum HttpReplyConduct
{
    /// <summary>Sends the complete reply.</summary>
    Complete,

    /// <summary>Announces the complete body, sends half of it and closes.</summary>
    CutOff,

    /// <summary>Never replies.</summary>
    Silence,

    /// <summary>Resets the connection instead of replying.</summary>
    Reset,
}

/// <summary>A reply to one request.</summary>
/// <param name="Status">Status code.</param>
/// <param name="Body">Text of the body.</param>
public sealed record HttpReply(int Status, string Body = "")
{
    public HttpReplyConduct Conduct { get; init; } = HttpReplyConduct.Complete;

    /// <summary>How long the sender must wait for the reply.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Header lines other than Content-Length, without line ends.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    internal byte[] ToBytes()
    {
        var head = new StringBuilder($"HTTP/1.1 {Status} Answer\r\nContent-Length: {Encoding.UTF8.GetByteCount(Body)}\r\n");
        foreach (var header in Headers)
        {
            head.Append(header).Append("\r\n");
        }

        var bytes = Encoding.UTF8.GetBytes(head.Append("\r\n").Append(Body).ToString());
        return Conduct == HttpReplyConduct.CutOff ? bytes[..^(Encoding.UTF8.GetByteCount(Body) / 2)] : bytes;
    }
}
