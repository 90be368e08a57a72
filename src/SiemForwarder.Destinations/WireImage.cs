namespace SiemForwarder.Destinations;

/// <summary>What a batch looks like on its way, made by the code that sends, without sending it.</summary>
/// <param name="Units">Requests, datagrams or runs of frames in their order.</param>
/// <param name="Note">What is not shown, and why; null where everything is.</param>
public sealed record WireImage(IReadOnlyList<WireUnit> Units, string? Note = null);

/// <summary>One request, datagram or run of frames.</summary>
/// <param name="Kind">One of <see cref="WireUnitKind"/>.</param>
/// <param name="Head">Request line and headers with the empty line behind them, secrets masked; empty where there are none.</param>
/// <param name="Body">The bytes behind the head, framing included, before compression.</param>
/// <param name="Sent">The same as it is sent: compressed where the settings say so.</param>
public sealed record WireUnit(string Kind, ReadOnlyMemory<byte> Head, ReadOnlyMemory<byte> Body, ReadOnlyMemory<byte> Sent)
{
    /// <summary>A unit that is its bytes; they are copied.</summary>
    public static WireUnit Of(string kind, ReadOnlyMemory<byte> bytes)
    {
        ReadOnlyMemory<byte> copy = bytes.ToArray();
        return new WireUnit(kind, default, copy, copy);
    }
}

/// <summary>The names of the kinds of units.</summary>
public static class WireUnitKind
{
    public const string Request = "request";
    public const string Datagram = "datagram";
    public const string Stream = "stream";
    public const string Message = "message";
    public const string File = "file";
}
