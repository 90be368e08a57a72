using System.Net.Security;

namespace SiemForwarder.Simulator.Receivers;

/// <summary>What a TCP receiver does with its connections.</summary>
public enum TcpReceiverConduct
{
    /// <summary>Reads everything.</summary>
    Read,

    /// <summary>Accepts and never reads, like a program that hangs.</summary>
    ReadNothing,

    /// <summary>Reads one message octet by octet, then closes the connection, whatever else has arrived.</summary>
    CloseAfterEachMessage,

    /// <summary>Resets the connection when the first bytes arrive, unread: like a proxy without a back end, or a receiver that rejects the sender.</summary>
    ResetAtFirstBytes,

    /// <summary>Closes each connection immediately.</summary>
    CloseAtOnce,

    /// <summary>Reads some bytes, then resets the connection with more of them unread.</summary>
    ResetMidway,
}

/// <summary>How a TCP receiver behaves.</summary>
public sealed record TcpReceiverOptions
{
    public TcpReceiverConduct Conduct { get; init; } = TcpReceiverConduct.Read;

    /// <summary>Bytes that <see cref="TcpReceiverConduct.ResetMidway"/> reads.</summary>
    public int MidwayBytes { get; init; } = 100_000;

    /// <summary>Size of the kernel's receive buffer in bytes; null for the system's own.</summary>
    public int? ReceiveBufferBytes { get; init; }

    /// <summary>TLS options; null for plain TCP.</summary>
    public SslServerAuthenticationOptions? Tls { get; init; }

    /// <summary>Called with the bytes of every connection, in order; may be null.</summary>
    public Action<ReceivedConnection, ReadOnlyMemory<byte>>? Received { get; init; }

    /// <summary>Bytes to send to every new connection.</summary>
    public ReadOnlyMemory<byte> Greeting { get; init; }
}
