using System.Buffers;
using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>The formats as tests name them, and the bytes that they make of an event.</summary>
internal static class FormatSettings
{
    public const int DefaultMaxBytes = 8192;

    /// <summary>The schemas besides the native one, each bare.</summary>
    public static readonly string[] Schemas = ["raw", "ecs", "ocsf", "ocsf-1.9", "cim", "asim", "udm"];

    public static readonly string[] Names = ["json", "cef", "syslog-5424", "syslog-3164", "cef-5424", "cef-3164", "leef", "leef-3164", "leef-5424", .. Schemas, "raw-5424", "ecs-3164", "ocsf-5424"];

    public static OutputSettings For(string name, int maxBytes = DefaultMaxBytes) => name switch
    {
        "json" => new(OutputType.Json, "native", null, maxBytes),
        "cef" => new(OutputType.Cef, "native", null, maxBytes),
        "syslog-5424" => new(OutputType.Syslog, "native", new(), maxBytes),
        "syslog-3164" => new(OutputType.Syslog, "native", new(SyslogFormat.Rfc3164), maxBytes),
        "cef-5424" => new(OutputType.Cef, "native", new(), maxBytes),
        "cef-3164" => new(OutputType.Cef, "native", new(SyslogFormat.Rfc3164), maxBytes),
        "leef" => new(OutputType.Leef, "native", null, maxBytes),
        "leef-3164" => new(OutputType.Leef, "native", new(EventFormatCatalog.DefaultSyslogFormat(OutputType.Leef)), maxBytes),
        "leef-5424" => new(OutputType.Leef, "native", new(), maxBytes),
        _ when name.EndsWith("-5424", StringComparison.Ordinal) => new(OutputType.Syslog, name[..^5], new(), maxBytes),
        _ when name.EndsWith("-3164", StringComparison.Ordinal) => new(OutputType.Syslog, name[..^5], new(SyslogFormat.Rfc3164), maxBytes),
        _ when Schemas.Contains(name) => new(OutputType.Json, name, null, maxBytes),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    /// <summary>The size asked for, or the smallest that the format takes.</summary>
    public static int AtLeast(string name, int maxBytes) =>
        For(name) is { OutputType: OutputType.Json or OutputType.Syslog } settings ? Math.Max(maxBytes, EventFormatCatalog.MinMaxBytes(settings.Schema)) : maxBytes;

    /// <summary>How the format says that something was left out.</summary>
    public static string TruncationMark(string name) =>
        name.StartsWith("cef", StringComparison.Ordinal) ? " cn1Label=truncated cn1=1"
        : name.StartsWith("leef", StringComparison.Ordinal) ? "\ttruncated=true"
        : "truncated\":true";

    public static byte[] Write(string name, SecurityEvent securityEvent, int maxBytes = DefaultMaxBytes) =>
        Write(EventFormatCatalog.Create(For(name, maxBytes), "1.0.0"), securityEvent);

    public static byte[] Write(IEventFormatter formatter, SecurityEvent securityEvent)
    {
        var output = new ArrayBufferWriter<byte>();
        formatter.Write(securityEvent, output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The text, which must be valid UTF-8.</summary>
    public static string Text(byte[] message) => new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(message);
}
