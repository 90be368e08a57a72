using SiemForwarder.Events.Formats.Cef;
using SiemForwarder.Events.Formats.Native;
using SiemForwarder.Events.Formats.Syslog;

namespace SiemForwarder.Events.Formats;

/// <summary>The formats: makes the formatter that an integration's settings ask for.</summary>
public static class EventFormatCatalog
{
    /// <summary>Vendor in every format that has one; with <see cref="Product"/> the identity of our events in a SIEM, so it never changes.</summary>
    public const string Vendor = "SiemForwarder";

    public const string Product = "Keycloak";

    /// <summary>What every receiver of syslog must take (RFC 5424 section 6.1).</summary>
    public const int LowestMaxMessageBytes = 480;

    /// <summary>Schemas of JSON payloads.</summary>
    public static IReadOnlyList<string> Schemas { get; } = [NativeJson.Schema];

    /// <summary>Makes a formatter for one dispatcher. Throws <see cref="ArgumentException"/>, whose text is for people, where the settings cannot be met.</summary>
    /// <param name="settings">What the integration wants.</param>
    /// <param name="productVersion">Version of the forwarder in formats that name it; this version where null.</param>
    public static IEventFormatter Create(OutputSettings settings, string? productVersion = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Check(settings);
        var version = productVersion ?? typeof(EventFormatCatalog).Assembly.GetName().Version?.ToString(3) ?? "0";
        IEventPayload payload = settings.OutputType == OutputType.Cef
            ? new CefPayload(version)
            : new NativeJsonPayload(settings.IncludeRepresentation);
        var header = settings.Syslog ?? (settings.OutputType == OutputType.Syslog ? new SyslogHeaderSettings() : null);
        return header switch
        {
            null => new BareEventFormatter(payload, settings.MaxMessageBytes),
            { Format: SyslogFormat.Rfc3164 } => new Rfc3164EventFormatter(payload, Named(header, settings.OutputType), settings.MaxMessageBytes),
            _ => new Rfc5424EventFormatter(
                payload, Named(header, settings.OutputType), settings.MaxMessageBytes, hasStructuredData: settings.OutputType != OutputType.Cef),
        };
    }

    private static void Check(OutputSettings settings)
    {
        if (settings.OutputType is not (OutputType.Syslog or OutputType.Json or OutputType.Cef))
        {
            throw new ArgumentException($"Output type {settings.OutputType} is not supported yet; choose Syslog, JSON or CEF.", nameof(settings));
        }

        if (settings.OutputType != OutputType.Cef && settings.Schema != NativeJson.Schema)
        {
            throw new ArgumentException($"Schema '{settings.Schema}' is not known; choose one of: {string.Join(", ", Schemas)}.", nameof(settings));
        }

        if (settings.MaxMessageBytes < LowestMaxMessageBytes)
        {
            throw new ArgumentException(
                $"A longest message of {settings.MaxMessageBytes} bytes is too short; choose at least {LowestMaxMessageBytes}.", nameof(settings));
        }

        if (settings.Syslog is { } syslog && (syslog.Facility is < 0 or > 23 || syslog.EnterpriseNumber < 1))
        {
            throw new ArgumentException(
                $"Syslog facility {syslog.Facility} or enterprise number {syslog.EnterpriseNumber} is out of range; a facility is 0 to 23, an enterprise number at least 1.",
                nameof(settings));
        }
    }

    // Microsoft's agents know CEF by the program name, so it takes the place of a name that nobody chose.
    private static SyslogHeaderSettings Named(SyslogHeaderSettings header, OutputType outputType) =>
        outputType == OutputType.Cef && header.AppName == new SyslogHeaderSettings().AppName ? header with { AppName = "CEF" } : header;
}
