using System.Globalization;
using System.Net;

namespace SiemForwarder.Events.Formats.Cef;

/// <summary>What a source wrote as an address: IPv4, IPv6, or a name.</summary>
internal enum CefAddressKind
{
    IPv4,
    IPv6,
    Name,
}

/// <summary>Tells what kind of address a text is, without allocating.</summary>
internal static class IpLiteral
{
    private const int MaxIPv6Length = 45;

    private static ReadOnlySpan<char> MappedPrefix => "::ffff:";

    /// <summary>The kind of the address, and its text: brackets and zone removed, IPv4-mapped IPv6 unwrapped.</summary>
    /// <param name="address">As the source sent it.</param>
    /// <param name="scratch">At least 15 characters, for an address that must be rewritten.</param>
    /// <param name="text">The text to write, part of one of the other two.</param>
    public static CefAddressKind Read(ReadOnlySpan<char> address, Span<char> scratch, out ReadOnlySpan<char> text)
    {
        text = address.Trim();
        if (IsIPv4(text))
        {
            return CefAddressKind.IPv4;
        }

        var inner = text.StartsWith("[") && text.EndsWith("]") ? text[1..^1] : text;
        var zone = inner.IndexOf('%');
        inner = zone < 0 ? inner : inner[..zone];
        if (inner.Length > MaxIPv6Length || !inner.Contains(':') || !IPAddress.IsValid(inner))
        {
            return CefAddressKind.Name;
        }

        text = inner;
        return inner.StartsWith(MappedPrefix, StringComparison.OrdinalIgnoreCase) && Unwrap(inner[MappedPrefix.Length..], scratch, out var unwrapped)
            ? IPv4(unwrapped, out text)
            : CefAddressKind.IPv6;
    }

    private static CefAddressKind IPv4(ReadOnlySpan<char> unwrapped, out ReadOnlySpan<char> text)
    {
        text = unwrapped;
        return CefAddressKind.IPv4;
    }

    // "192.0.2.1", or the same in two groups of hexadecimal digits: "c000:201".
    private static bool Unwrap(ReadOnlySpan<char> mapped, Span<char> scratch, out ReadOnlySpan<char> unwrapped)
    {
        unwrapped = mapped;
        if (IsIPv4(mapped))
        {
            return true;
        }

        var colon = mapped.IndexOf(':');
        if (colon < 0
            || !ushort.TryParse(mapped[..colon], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var high)
            || !ushort.TryParse(mapped[(colon + 1)..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var low)
            || !scratch.TryWrite(CultureInfo.InvariantCulture, $"{high >> 8}.{high & 255}.{low >> 8}.{low & 255}", out var written))
        {
            return false;
        }

        unwrapped = scratch[..written];
        return true;
    }

    private static bool IsIPv4(ReadOnlySpan<char> text)
    {
        var parts = 0;
        foreach (var range in text.Split('.'))
        {
            var part = text[range];
            parts++;
            if (part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0') || !byte.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                return false;
            }
        }

        return parts == 4;
    }
}
