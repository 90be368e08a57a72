using SiemForwarder.Events.Formats.Asim;
using SiemForwarder.Events.Formats.Cef;
using SiemForwarder.Events.Formats.Cim;
using SiemForwarder.Events.Formats.Ecs;
using SiemForwarder.Events.Formats.Leef;
using SiemForwarder.Events.Formats.Native;
using SiemForwarder.Events.Formats.Ocsf;
using SiemForwarder.Events.Formats.Raw;
using SiemForwarder.Events.Formats.Syslog;
using SiemForwarder.Events.Formats.Udm;

namespace SiemForwarder.Events.Formats;

/// <summary>The formats; creates the formatter for an integration's settings.</summary>
public static class EventFormatCatalog
{
    /// <summary>Vendor in every format that has one; with <see cref="Product"/> it identifies our events in a SIEM, so it never changes.</summary>
    public const string Vendor = "SiemForwarder";

    public const string Product = "Keycloak";

    /// <summary>The length that every syslog receiver must accept (RFC 5424 section 6.1).</summary>
    public const int MinMaxMessageBytes = 480;

    /// <summary>Schemas of JSON payloads.</summary>
    public static IReadOnlyList<string> Schemas { get; } =
    [
        NativeJson.Schema, RawSchema.Id, EcsSchema.Id, OcsfSchema.Id, OcsfSchema.Id19, CimPayload.Id, AsimPayload.Id, UdmPayload.Id,
    ];

    /// <summary>Creates a formatter for one dispatcher. Throws <see cref="ArgumentException"/>, with a readable message, if the settings
    /// are invalid.</summary>
    /// <param name="settings">Output settings of the integration.</param>
    /// <param name="productVersion">Version of the forwarder in formats that contain it; null for this version.</param>
    public static IEventFormatter Create(OutputSettings settings, string? productVersion = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Check(settings);
        var version = productVersion ?? typeof(EventFormatCatalog).Assembly.GetName().Version?.ToString(3) ?? "0";
        var payload = CreatePayload(settings, version);
        var header = settings.Syslog ?? (settings.OutputType == OutputType.Syslog ? new SyslogHeaderSettings() : null);
        return header switch
        {
            null => new BareEventFormatter(payload, settings.MaxMessageBytes),
            { Format: SyslogFormat.Rfc3164 } => new Rfc3164EventFormatter(
                payload, Named(header, settings.OutputType), settings.MaxMessageBytes,
                hasTag: settings.OutputType != OutputType.Leef || IsChosen(header.AppName)),
            _ => new Rfc5424EventFormatter(
                payload, Named(header, settings.OutputType), settings.MaxMessageBytes,
                IsJson(settings.OutputType) ? new StructuredDataWriter(header.EnterpriseNumber, settings.InvisibleCharacters) : null),
        };
    }

    /// <summary>Lower limit for an integration's maximum message length in octets: the members required by SIEM schemas need their space.</summary>
    public static int MinMaxBytes(string schema) => schema is NativeJson.Schema or RawSchema.Id ? MinMaxMessageBytes : 1024;

    /// <summary>The syslog header that readers of a payload expect: RFC 3164 before LEEF, as shown in IBM's guide, otherwise RFC 5424.</summary>
    public static SyslogFormat DefaultSyslogFormat(OutputType outputType) =>
        outputType == OutputType.Leef ? SyslogFormat.Rfc3164 : SyslogFormat.Rfc5424;

    private static IEventPayload CreatePayload(OutputSettings settings, string version) => settings.OutputType switch
    {
        OutputType.Cef => new CefPayload(version, settings.InvisibleCharacters),
        OutputType.Leef => new LeefPayload(version, settings.InvisibleCharacters),
        _ => CreateJson(settings, version),
    };

    private static IEventPayload CreateJson(OutputSettings settings, string version) => settings.Schema switch
    {
        RawSchema.Id => new RawPayload(settings.IncludeRepresentation),
        EcsSchema.Id => new EcsPayload(version, settings.IncludeRepresentation),
        OcsfSchema.Id => new OcsfPayload(isVersion19: false, settings.IncludeRepresentation),
        CimPayload.Id => new CimPayload(settings.IncludeRepresentation),
        AsimPayload.Id => new AsimPayload(settings.IncludeRepresentation),
        UdmPayload.Id => new UdmPayload(settings.IncludeRepresentation),
        OcsfSchema.Id19 => new OcsfPayload(isVersion19: true, settings.IncludeRepresentation),
        _ => new NativeJsonPayload(settings.IncludeRepresentation),
    };

    private static void Check(OutputSettings settings)
    {
        if (!Enum.IsDefined(settings.OutputType))
        {
            throw new ArgumentException($"Output type {settings.OutputType} is unknown; choose Syslog, JSON, CEF or LEEF.", nameof(settings));
        }

        if (IsJson(settings.OutputType) && !Schemas.Contains(settings.Schema))
        {
            throw new ArgumentException($"Schema '{settings.Schema}' is unknown; choose one of: {string.Join(", ", Schemas)}.", nameof(settings));
        }

        var lowest = IsJson(settings.OutputType) ? MinMaxBytes(settings.Schema) : MinMaxMessageBytes;
        if (settings.MaxMessageBytes < lowest)
        {
            throw new ArgumentException($"A message limit of {settings.MaxMessageBytes} bytes is too short; choose at least {lowest}.", nameof(settings));
        }

        if (settings.Syslog is { } syslog && (syslog.Facility is < 0 or > 23 || syslog.EnterpriseNumber < 1))
        {
            throw new ArgumentException(
                $"Syslog facility {syslog.Facility} or enterprise number {syslog.EnterpriseNumber} is out of range; a facility is 0 to 23, an enterprise "
                    + "number at least 1.",
                nameof(settings));
        }
    }

    private static bool IsJson(OutputType outputType) => outputType is OutputType.Json or OutputType.Syslog;

    private static bool IsChosen(string appName) => appName != new SyslogHeaderSettings().AppName;

    // Microsoft's agents recognize CEF by the program name, so it replaces the default name.
    private static SyslogHeaderSettings Named(SyslogHeaderSettings header, OutputType outputType) =>
        outputType == OutputType.Cef && !IsChosen(header.AppName) ? header with { AppName = "CEF" } : header;
}
