namespace SiemForwarder.Events.Formats;

/// <summary>The output type of an integration.</summary>
public enum OutputType
{
    Syslog,
    Json,
    Cef,
    Leef,
}

/// <summary>The header format of syslog messages.</summary>
public enum SyslogFormat
{
    Rfc5424,
    Rfc3164,
}

/// <summary>How the text formats (CEF, LEEF, structured data) treat invisible characters: directional marks, zero-width characters, tags.</summary>
public enum InvisibleCharacters
{
    /// <summary>Replaced with text that names them, <c>\u202E</c>, so that a screen shows what is there.</summary>
    Escape,

    /// <summary>Unchanged: some scripts, such as Persian, and joined emoji need them.</summary>
    Keep,
}

/// <summary>How an integration's events are written.</summary>
/// <param name="OutputType">Payload; <see cref="OutputType.Syslog"/> is RFC 5424 or 3164 with structured data and JSON text.</param>
/// <param name="Schema">Schema of JSON payloads, one of <see cref="EventFormatCatalog.Schemas"/>: <c>native</c>.</param>
/// <param name="Syslog">Header before the payload, or null for the bare payload (HTTP, JSON lines over TCP).</param>
/// <param name="MaxMessageBytes">Maximum message length in octets; longer messages are shortened as the format allows, and marked as such.</param>
public sealed record OutputSettings(OutputType OutputType, string Schema, SyslogHeaderSettings? Syslog, int MaxMessageBytes)
{
    /// <summary>True to include the representation of admin events in JSON payloads, with secrets redacted.</summary>
    public bool IncludeRepresentation { get; init; }

    /// <summary>Invisible characters in CEF, LEEF and structured data; JSON keeps them.</summary>
    public InvisibleCharacters InvisibleCharacters { get; init; }
}

/// <summary>The settings of a syslog header (RFC 5424 section 6, RFC 3164 section 4).</summary>
/// <param name="Format">Header format.</param>
/// <param name="Facility">0 to 23; authpriv (10) by default.</param>
/// <param name="AppName">APP-NAME or TAG, 1 to 48 printable ASCII characters.</param>
/// <param name="Hostname">HOSTNAME; null to use the host of the source.</param>
/// <param name="EnterpriseNumber">IANA private enterprise number in the SD-ID; 32473 is reserved for documentation (RFC 5612).</param>
public sealed record SyslogHeaderSettings(
    SyslogFormat Format = SyslogFormat.Rfc5424,
    int Facility = 10,
    string AppName = "siemforwarder",
    string? Hostname = null,
    int EnterpriseNumber = SyslogHeaderSettings.DocumentationNumber)
{
    /// <summary>The number that RFC 5612 reserves for documentation: the default until the operator sets their own.</summary>
    public const int DocumentationNumber = 32473;
}
