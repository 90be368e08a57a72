using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace SiemForwarder.Events.Addresses;

/// <summary>The kind of address a source wrote.</summary>
public enum AddressKind
{
    /// <summary>Not an address: a name, or anything else. It never goes into an address field.</summary>
    Text,

    IPv4,

    IPv6,
}

/// <summary>
/// Parses an address as strictly as typed address fields in SIEMs: dotted decimal without leading zeros (RFC 6943 section 3.1.1),
/// the text forms of IPv6 (RFC 4291 section 2.2) without a zone, each with an optional port (RFC 3986 section 3.2.2, <c>[v6]:port</c>).
/// </summary>
/// <remarks>
/// In a list, as in <c>X-Forwarded-For</c>, the first one counts: the client, as far as the proxies know. IPv4-mapped IPv6 is treated as IPv4, as the
/// type <c>ip</c> of Elasticsearch and OpenSearch stores it. Does not allocate.
/// </remarks>
public readonly ref struct IpLiteral
{
    /// <summary>Length of the longest address text.</summary>
    public const int MaxTextLength = 39;

    private const int Groups = 8;
    private const int V4Bytes = 4;
    private const int V6Bytes = 16;

    private IpLiteral(AddressKind kind, ReadOnlySpan<char> text, int? port)
    {
        Kind = kind;
        Text = text;
        Port = port;
    }

    public AddressKind Kind { get; }

    /// <summary>The address alone, in the form recommended by RFC 5952; if it is not an address, what the source wrote.</summary>
    public ReadOnlySpan<char> Text { get; }

    /// <summary>The port, 0 to 65535, if one followed the address.</summary>
    public int? Port { get; }

    public bool IsAddress => Kind != AddressKind.Text;

    /// <summary>Parses what a source wrote.</summary>
    /// <param name="written">The text as sent by the source.</param>
    /// <param name="scratch">At least <see cref="MaxTextLength"/> characters, used to store the text of an address.</param>
    public static IpLiteral Read(ReadOnlySpan<char> written, Span<char> scratch)
    {
        Span<byte> bytes = stackalloc byte[V6Bytes];
        var length = ReadFirst(written, bytes, out var port);
        return length switch
        {
            V4Bytes => new(AddressKind.IPv4, WriteIPv4(bytes, scratch), port),
            V6Bytes => new(AddressKind.IPv6, WriteIPv6(bytes, scratch), port),
            _ => new(AddressKind.Text, written, null),
        };
    }

    /// <summary>The address that a source wrote, or null if it is not one.</summary>
    public static IPAddress? Find(ReadOnlySpan<char> written)
    {
        Span<byte> bytes = stackalloc byte[V6Bytes];
        var length = ReadFirst(written, bytes, out _);
        return length == 0 ? null : new IPAddress(bytes[..length]);
    }

    // The length of the address in bytes, 0 if there is none.
    private static int ReadFirst(ReadOnlySpan<char> written, Span<byte> bytes, out int? port)
    {
        var comma = written.IndexOf(',');
        var text = (comma < 0 ? written : written[..comma]).Trim(" \t");
        port = null;
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']');
            return end > 0 && TryReadPort(text[(end + 1)..], out port) && TryReadIPv6(text[1..end], bytes) ? Unmap(bytes) : 0;
        }

        var colon = text.IndexOf(':');
        if (colon < 0 || text.LastIndexOf(':') == colon)
        {
            return TryReadPort(colon < 0 ? [] : text[colon..], out port) && TryReadIPv4(colon < 0 ? text : text[..colon], bytes) ? V4Bytes : 0;
        }

        return TryReadIPv6(text, bytes) ? Unmap(bytes) : 0;
    }

    private static bool TryReadPort(ReadOnlySpan<char> text, out int? port)
    {
        port = null;
        if (text.IsEmpty)
        {
            return true;
        }

        var digits = text[1..];
        if (text[0] != ':' || (digits.Length > 1 && digits[0] == '0')
            || !ushort.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        port = number;
        return true;
    }

    private static bool TryReadIPv4(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        var count = 0;
        foreach (var range in text.Split('.'))
        {
            var part = text[range];
            if (count == V4Bytes || part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0')
                || !byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out bytes[count++]))
            {
                return false;
            }
        }

        return count == V4Bytes;
    }

    private static bool TryReadIPv6(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        var (count, gap, at) = (0, -1, 0);
        bytes.Clear();
        if (text.StartsWith("::"))
        {
            (gap, at) = (0, 2);
        }

        while (at < text.Length)
        {
            var rest = text[at..];
            var end = rest.IndexOf(':');
            var group = end < 0 ? rest : rest[..end];
            if (end < 0 && group.Contains('.'))
            {
                if (count > Groups - 2 || !TryReadIPv4(group, bytes[(count * 2)..]))
                {
                    return false;
                }

                count += 2;
                break;
            }

            if (count == Groups || group.Length is 0 or > 4
                || !ushort.TryParse(group, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                return false;
            }

            BinaryPrimitives.WriteUInt16BigEndian(bytes[(count++ * 2)..], value);
            if (end < 0)
            {
                break;
            }

            at += end + 1;
            if (at == text.Length)
            {
                return false;
            }

            if (text[at] == ':')
            {
                if (gap >= 0)
                {
                    return false;
                }

                gap = count;
                at++;
            }
        }

        return gap < 0 ? count == Groups : count < Groups && Spread(bytes, gap, count);
    }

    // Moves everything after "::" to the end.
    private static bool Spread(Span<byte> bytes, int gap, int count)
    {
        var behind = (count - gap) * 2;
        bytes.Slice(gap * 2, behind).CopyTo(bytes[^behind..]);
        bytes[(gap * 2)..^behind].Clear();
        return true;
    }

    private static int Unmap(Span<byte> bytes)
    {
        if (!bytes.StartsWith("\0\0\0\0\0\0\0\0\0\0"u8) || bytes[10] != 0xFF || bytes[11] != 0xFF)
        {
            return V6Bytes;
        }

        bytes[12..].CopyTo(bytes);
        return V4Bytes;
    }

    private static ReadOnlySpan<char> WriteIPv4(scoped ReadOnlySpan<byte> bytes, Span<char> scratch)
    {
        scratch.TryWrite(CultureInfo.InvariantCulture, $"{bytes[0]}.{bytes[1]}.{bytes[2]}.{bytes[3]}", out var written);
        return scratch[..written];
    }

    // RFC 5952 section 4: no leading zeros, lower case, "::" for the first of the longest runs of at least two zero groups.
    private static ReadOnlySpan<char> WriteIPv6(scoped ReadOnlySpan<byte> bytes, Span<char> scratch)
    {
        var (start, length) = FindZeros(bytes);
        var written = 0;
        for (var group = 0; group < Groups; group++)
        {
            if (group == start)
            {
                scratch[written++] = ':';
                scratch[written++] = ':';
                group += length - 1;
                continue;
            }

            if (group > 0 && group != start + length)
            {
                scratch[written++] = ':';
            }

            BinaryPrimitives.ReadUInt16BigEndian(bytes[(group * 2)..]).TryFormat(scratch[written..], out var digits, "x", CultureInfo.InvariantCulture);
            written += digits;
        }

        return scratch[..written];
    }

    private static (int Start, int Length) FindZeros(ReadOnlySpan<byte> bytes)
    {
        var (start, length, run) = (-1, 1, 0);
        for (var group = 0; group < Groups; group++)
        {
            run = bytes[group * 2] == 0 && bytes[(group * 2) + 1] == 0 ? run + 1 : 0;
            if (run > length)
            {
                (start, length) = (group - run + 1, run);
            }
        }

        return (start, length);
    }
}
