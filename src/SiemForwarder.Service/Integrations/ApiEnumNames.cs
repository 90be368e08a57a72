using SiemForwarder.Destinations;
using SiemForwarder.Events.Formats;

namespace SiemForwarder.Service.Integrations;

/// <summary>The names of enumeration values in the API.</summary>
internal static class ApiEnumNames
{
    public static readonly IReadOnlyDictionary<string, OutputType> OutputTypes = new Dictionary<string, OutputType>
    {
        ["Syslog"] = OutputType.Syslog,
        ["JSON"] = OutputType.Json,
        ["CEF"] = OutputType.Cef,
        ["LEEF"] = OutputType.Leef,
    };

    public static readonly IReadOnlyDictionary<string, SyslogFormat> SyslogFormats = new Dictionary<string, SyslogFormat>
    {
        ["rfc5424"] = SyslogFormat.Rfc5424,
        ["rfc3164"] = SyslogFormat.Rfc3164,
    };

    public static readonly IReadOnlyDictionary<string, SyslogFraming> Framings = new Dictionary<string, SyslogFraming>
    {
        ["octet-counting"] = SyslogFraming.OctetCounting,
        ["lf"] = SyslogFraming.LineFeed,
    };

    public static readonly IReadOnlyDictionary<string, InvisibleCharacters> InvisibleCharacters = new Dictionary<string, InvisibleCharacters>
    {
        ["escape"] = Events.Formats.InvisibleCharacters.Escape,
        ["keep"] = Events.Formats.InvisibleCharacters.Keep,
    };

    public static readonly IReadOnlyDictionary<string, HttpBody> Bodies = new Dictionary<string, HttpBody>
    {
        ["single"] = HttpBody.Single,
        ["array"] = HttpBody.Array,
        ["ndjson"] = HttpBody.Ndjson,
    };

    public static readonly IReadOnlyDictionary<string, AuthenticationType> AuthenticationTypes = new Dictionary<string, AuthenticationType>
    {
        ["none"] = AuthenticationType.None,
        ["basic"] = AuthenticationType.Basic,
        ["header"] = AuthenticationType.Header,
        ["bearer"] = AuthenticationType.Bearer,
    };

    public static readonly IReadOnlyDictionary<string, string> Schemas = EventFormatCatalog.Schemas.ToDictionary(schema => schema);

    public static readonly IReadOnlyDictionary<string, string> Outcomes = new Dictionary<string, string>
    {
        ["success"] = "success",
        ["failure"] = "failure",
        ["unknown"] = "unknown",
    };

    /// <summary>Default port by URL scheme for all kinds of destination; the first kind in the catalogue takes precedence.</summary>
    public static readonly IReadOnlyDictionary<string, int> DefaultPorts = DestinationCatalog.All
        .SelectMany(kind => kind.DefaultPorts)
        .GroupBy(port => port.Key)
        .ToDictionary(port => port.Key, port => port.First().Value);

    /// <summary>The name of a choice in the API.</summary>
    public static string NameOf<T>(IReadOnlyDictionary<string, T> choices, T value) =>
        choices.First(choice => EqualityComparer<T>.Default.Equals(choice.Value, value)).Key;
}
