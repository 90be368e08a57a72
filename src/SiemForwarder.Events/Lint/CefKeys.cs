using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace SiemForwarder.Events.Lint;

/// <summary>The allowed values of CEF's standard keys (CEF Implementation Standard, document version 27, appendix of keys).</summary>
internal static partial class CefKeys
{
    private const int UsualCharacters = 1023;
    private const int MaxCharacters = 4000;

    private static readonly Dictionary<string, int> Characters = new(StringComparer.Ordinal)
    {
        ["externalId"] = 40, ["app"] = 31, ["act"] = 63, ["outcome"] = 63, ["dvchost"] = 100, ["deviceExternalId"] = 255, ["sntdom"] = 255,
        ["dntdom"] = 255, ["requestContext"] = 2048, ["dmac"] = 17, ["smac"] = 17, ["proto"] = 31,
    };

    private static readonly HashSet<string> Ordinary =
    [
        "cat", "reason", "msg", "shost", "suser", "suid", "spriv", "duser", "duid", "dpriv", "dhost", "destinationServiceName",
        "sourceServiceName", "request",
        "requestMethod", "requestClientApplication", "deviceFacility",
    ];

    private static readonly string[] TimeForms =
        ["MMM dd yyyy HH:mm:ss", "MMM dd yyyy HH:mm:ss.fff", "MMM dd HH:mm:ss", "MMM dd HH:mm:ss.fff"];

    public static bool NeedsLabel(string key) => Custom().IsMatch(key);

    /// <summary>Reports values of standard keys that receivers do not expect; custom keys may have any value.</summary>
    public static void Check(string key, string value, ParsedMessage reading)
    {
        if (value.Length == 0)
        {
            reading.Warn("cef.empty", $"{key} is empty; omit it.");
            return;
        }

        var wanted = key switch
        {
            "src" or "dst" or "dvc" => IsAddress(value, AddressFamily.InterNetwork) ? null : "an IPv4 address",
            "c6a1" or "c6a2" or "c6a3" or "c6a4" => IsAddress(value, AddressFamily.InterNetworkV6) ? null : "an IPv6 address",
            "spt" or "dpt" => ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? null : "a port",
            "cn1" or "cn2" or "cn3" or "cnt" => IsWhole(value) ? null : "a whole number",
            "rt" or "start" or "end" or "deviceCustomDate1" or "deviceCustomDate2" =>
                IsTime(value) ? null : "milliseconds since 1970 or 'MMM dd yyyy HH:mm:ss'",
            _ => null,
        };
        if (wanted is not null)
        {
            reading.Error("cef.type", $"{key} contains '{ParsedMessage.Shown(value)}', which is not {wanted}.");
        }

        var most = Longest().IsMatch(key) ? MaxCharacters
            : Characters.GetValueOrDefault(key, Ordinary.Contains(key) ? UsualCharacters : int.MaxValue);
        if (value.Length > most)
        {
            reading.Warn("cef.length", $"{key} has {value.Length} characters; the standard allows {most}, so receivers may cut it.");
        }
    }

    private static bool IsAddress(string value, AddressFamily family) => AddressReader.Find(value)?.AddressFamily == family;

    private static bool IsWhole(string value) => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);

    private static bool IsTime(string value) => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _)
        || DateTime.TryParseExact(value, TimeForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    [GeneratedRegex("^(?:cs[1-6]|cn[1-3]|cfp[1-4]|c6a[1-4]|flexString[12]|deviceCustomDate[12])$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Custom();

    [GeneratedRegex("^cs[1-6]$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Longest();
}
