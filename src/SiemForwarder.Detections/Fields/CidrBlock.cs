using System.Globalization;
using SiemForwarder.Events.Addresses;

namespace SiemForwarder.Detections.Fields;

/// <summary>A block of addresses; IPv4-mapped IPv6 is IPv4, as proxies produce it.</summary>
internal sealed class CidrBlock
{
    private const int MaxBytes = 16;

    private static readonly CidrBlock[] Private = ReadList([
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10",
    ]);

    private readonly byte[] network;
    private readonly int prefix;

    private CidrBlock(byte[] network, int prefix)
    {
        this.network = network;
        this.prefix = prefix;
    }

    /// <summary>Reads <c>address/length</c>, or one address.</summary>
    /// <returns>The block, or why it is none.</returns>
    public static (CidrBlock? Block, string? Problem) Read(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        Span<byte> bytes = stackalloc byte[MaxBytes];
        var address = slash < 0 ? text : text[..slash];
        var length = address.AsSpan().IndexOfAny(" ,[") >= 0 ? 0 : IpLiteral.ReadBytes(address, bytes);
        if (length == 0)
        {
            return (null, $"'{text}' is no address and no block of addresses");
        }

        var bits = length * 8;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out bits) || bits > length * 8))
        {
            return (null, $"the length of the block '{text}' must be a number from 0 to {length * 8}");
        }

        var block = new CidrBlock(bytes[..length].ToArray(), bits);
        for (var bit = bits; bit < length * 8; bit++)
        {
            if ((bytes[bit / 8] & (0x80 >> (bit % 8))) != 0)
            {
                return (null, $"'{text}' names a host inside the block; write the first address of the block");
            }
        }

        return (block, null);
    }

    /// <summary>The blocks of a list of the configuration, without what is none.</summary>
    public static CidrBlock[] ReadList(IEnumerable<string> texts) => [.. texts.Select(text => Read(text).Block).OfType<CidrBlock>()];

    public static bool AnyHolds(CidrBlock[] blocks, ReadOnlySpan<char> written) =>
        FindAny(blocks, written) == true;

    /// <summary>Whether any of the blocks holds an address; null where the text is no address.</summary>
    public static bool? FindAny(CidrBlock[] blocks, ReadOnlySpan<char> written)
    {
        Span<byte> bytes = stackalloc byte[MaxBytes];
        var length = IpLiteral.ReadBytes(written, bytes);
        return length == 0 ? null : AnyHolds(blocks, bytes[..length]);
    }

    /// <summary>Whether an address leads nowhere in the internet; null where the text is no address.</summary>
    public static bool? FindPrivate(ReadOnlySpan<char> written) => FindAny(Private, written);

    private static bool AnyHolds(CidrBlock[] blocks, ReadOnlySpan<byte> address)
    {
        foreach (var block in blocks)
        {
            if (block.Holds(address))
            {
                return true;
            }
        }

        return false;
    }

    private bool Holds(ReadOnlySpan<byte> address)
    {
        if (address.Length != network.Length)
        {
            return false;
        }

        var whole = prefix / 8;
        var rest = prefix % 8;
        return address[..whole].SequenceEqual(network.AsSpan(0, whole))
            && (rest == 0 || ((address[whole] ^ network[whole]) & (0xFF << (8 - rest)) & 0xFF) == 0);
    }
}
