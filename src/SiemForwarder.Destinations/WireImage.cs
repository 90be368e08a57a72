namespace SiemForwarder.Destinations;

/// <summary>What a batch looks like on the wire, produced by the sending code without sending it.</summary>
/// <param name="Units">Requests, datagrams or runs of frames, in order.</param>
/// <param name="Note">What is not shown, and why; null if everything is.</param>
public sealed record WireImage(IReadOnlyList<WireUnit> Units, string? Note = null);

/// <summary>One request, datagram or run of frames.</summary>
/// <param name="Kind">One of <see cref="WireUnitKind"/>.</param>
/// <param name="Head">Request line and headers including the final empty line, secrets masked; empty if there are none.</param>
/// <param name="Body">The bytes after the head, including framing, before compression.</param>
/// <param name="Sent">The same as sent: compressed if configured.</param>
public sealed record WireUnit(string Kind, ReadOnlyMemory<byte> Head, ReadOnlyMemory<byte> Body, ReadOnlyMemory<byte> Sent)
{
    /// <summary>A unit that consists of just its bytes, which are copied.</summary>
    public static WireUnit Of(string kind, ReadOnlyMemory<byte> bytes)
    {
        ReadOnlyMemory<byte> copy = bytes.ToArray();
        return new WireUnit(kind, default, copy, copy);
    }
}

/// <summary>Names of the kinds of units.</summary>
public static class WireUnitKind
{
    public const string Request = "request";
    public const string Datagram = "datagram";
    public const string Stream = "stream";
    public const string Message = "message";
    public const string File = "file";
}
