using System.Globalization;
using System.Net;
using System.Net.Sockets;
using SiemForwarder.Events;
using SiemForwarder.Events.Addresses;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Evidence;

/// <summary>The parts of an event search that are validated first.</summary>
/// <param name="ByReceipt">Whether times refer to receipt.</param>
/// <param name="Category">Category as stored in the index; null for all.</param>
/// <param name="Network">Network in CIDR notation; null for all addresses.</param>
/// <param name="IsInNetwork">SQL condition that the column <c>ip</c> is in the network <c>{0}</c>.</param>
internal sealed record SearchTerms(bool ByReceipt, string? Category, string? Network, string IsInNetwork)
{
    // Addresses from sources may have a port or be a list whose first entry counts; anything else is in no network and is never cast.
    private const string FirstAddress = "lower(btrim(split_part(ip, ',', 1)))";
    private const string Octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private const string Group = "[0-9a-f]{1,4}";
    private const string IPv4 = $"(?:{Octet}[.]){{3}}{Octet}";

    // RFC 4291 section 2.2: all groups, or one run of zeros compressed anywhere.
    private const string IPv6 =
        $"(?:{Group}:){{7}}{Group}|(?:{Group}:){{1,6}}:{Group}|(?:{Group}:){{1,5}}(?::{Group}){{1,2}}|(?:{Group}:){{1,4}}(?::{Group}){{1,3}}"
        + $"|(?:{Group}:){{1,3}}(?::{Group}){{1,4}}|(?:{Group}:){{1,2}}(?::{Group}){{1,5}}|{Group}:(?::{Group}){{1,6}}|:(?::{Group}){{1,7}}"
        + $"|(?:{Group}:){{1,7}}:|::";

    private const string IsInIPv4Network =
        $"(regexp_match({FirstAddress}, '^\\[?(?:::ffff:)?({IPv4})(?:\\]?:[0-9]{{1,5}}|\\])?$'))[1]::inet <<= {{0}}::inet";

    private const string IsInIPv6Network =
        $"(regexp_match({FirstAddress}, '^\\[?({IPv6})(?:\\](?::[0-9]{{1,5}})?)?$'))[1]::inet <<= {{0}}::inet";

    private static readonly Dictionary<string, bool> Times = new() { ["event"] = false, ["receipt"] = true };
    private static readonly Dictionary<string, string?> Categories = EventCatalog.Categories.ToDictionary(name => name, name => (string?)name);

    /// <summary>SQL condition that the column <c>ip</c> matches the pattern <c>{0}</c>; that of IPv4 is estimated by the planner.</summary>
    public string IsLike => IsInNetwork == IsInIPv4Network ? "ip LIKE {0}" : "lower(ip) LIKE {0}";

    /// <summary>A pattern for LIKE that the text of every address of the network matches, in lower case; null if there is none.</summary>
    public string? AddressPattern => Network?.Split('/') is [var address, var prefix]
        ? PatternOf(IPAddress.Parse(address).GetAddressBytes(), int.Parse(prefix, CultureInfo.InvariantCulture)) : null;

    /// <summary>Whether the network is a single address.</summary>
    public bool IsOneAddress => Network?.EndsWith(Network.Contains(':', StringComparison.Ordinal) ? "/128" : "/32", StringComparison.Ordinal) == true;

    /// <summary>No terms: every category and address, by the time of the event.</summary>
    public static SearchTerms None { get; } = new(false, null, null, IsInIPv4Network);

    /// <summary>The terms of a query; adds errors by field.</summary>
    public static SearchTerms Read(EventCriteria query, FieldErrors errors)
    {
        var network = query.Ip is null ? null : ReadNetwork(query.Ip);
        if (query.Ip is not null && network is null)
        {
            errors.Add("ip", "Must be an IPv4 or IPv6 address or network, such as 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32.");
        }

        return new SearchTerms(
            errors.Choose("time", query.Time, false, Times), errors.Choose("category", query.Category, null, Categories), network,
            network?.Contains(':', StringComparison.Ordinal) == true ? IsInIPv6Network : IsInIPv4Network);
    }

    private static string? PatternOf(byte[] bytes, int prefix)
    {
        if (bytes.Length == 4)
        {
            var octets = prefix / 8;
            return octets == 0 ? null : $"%{string.Join('.', bytes.Take(octets))}{(octets == 4 ? "" : ".")}%";
        }

        // The first group may have zeros before it; one that is zero may be left out.
        var first = prefix < 16 ? 0 : (bytes[0] << 8) | bytes[1];
        return first == 0 ? "%:%" : string.Create(CultureInfo.InvariantCulture, $"%{first:x}:%");
    }

    /// <summary>The network in CIDR notation, IPv4-mapped addresses as IPv4; null if the text is not a network. Bits beyond the prefix do not matter.</summary>
    private static string? ReadNetwork(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var written = (slash < 0 ? text : text[..slash]).Trim();
        if (written.Contains(',', StringComparison.Ordinal) || IpLiteral.Find(written) is not { } address)
        {
            return null;
        }

        var bits = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        if (slash < 0)
        {
            return $"{address}/{bits}";
        }

        if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var prefix))
        {
            return null;
        }

        // The prefix of an IPv4-mapped address counts the 96 bits before it.
        var isMapped = bits == 32 && written.Contains("::", StringComparison.Ordinal);
        prefix -= isMapped ? 96 : 0;
        return prefix >= 0 && prefix <= bits ? $"{address}/{prefix}" : null;
    }
}
