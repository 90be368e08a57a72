using System.Buffers;
using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Reliability.Oracle;

namespace SiemForwarder.Reliability.Judging;

/// <summary>Knows what an issued event must look like at a receiver.</summary>
internal abstract class Rendering
{
    /// <summary>The id in the bytes that arrived; null where there is none.</summary>
    public abstract string? FindId(byte[] bytes);

    /// <summary>Whether these are the bytes that the event must have.</summary>
    public abstract bool IsOf(IssuedEvent issued, byte[] bytes);

    /// <summary>Output type and schema for the API.</summary>
    public abstract (string OutputType, string Schema) Choice { get; }
}

/// <summary>The schema <c>raw</c>: what was issued, byte by byte, without any code of the product in the comparison.</summary>
internal sealed class RawRendering : Rendering
{
    public override (string OutputType, string Schema) Choice => ("JSON", "raw");

    public override string? FindId(byte[] bytes) => EventMint.FindId(bytes);

    public override bool IsOf(IssuedEvent issued, byte[] bytes)
    {
        // What the forwarder knows of an admin event beyond its own members follows behind them.
        var own = Encoding.UTF8.GetBytes($",\"siemforwarder\":{{\"event_id\":\"{issued.Id}\"");
        if (bytes.AsSpan().SequenceEqual(issued.Raw)
            || (issued.Stream == EventStream.Admin && bytes.AsSpan().StartsWith(issued.Raw.AsSpan(0, issued.Raw.Length - 1))
                && bytes.AsSpan(issued.Raw.Length - 1).StartsWith(own)))
        {
            return true;
        }

        // A server without ids does not show them: the forwarder's own id follows behind what was issued.
        var member = Encoding.UTF8.GetBytes($"\"id\":\"{issued.Id}\",");
        var start = (byte[])[(byte)'{', .. issued.Raw.AsSpan(1 + member.Length, issued.Raw.Length - member.Length - 2)];
        return bytes.AsSpan().StartsWith(start) && bytes.AsSpan(start.Length).StartsWith(",\"siemforwarder\":{\"event_id\":\""u8);
    }
}

/// <summary>CEF: the issued event through the product's normalizer and formatter, in this process and without the service.</summary>
internal sealed class CefRendering(string sourceName, string realm, string host) : Rendering
{
    private readonly IEventFormatter formatter = EventFormatCatalog.Create(
        new OutputSettings(OutputType.Cef, "native", new SyslogHeaderSettings(), 8192));
    private readonly ArrayBufferWriter<byte> output = new();

    public override (string OutputType, string Schema) Choice => ("CEF", "native");

    public override string? FindId(byte[] bytes)
    {
        var at = bytes.AsSpan().IndexOf("externalId="u8);
        return at < 0 || bytes.Length < at + 47 ? null : Encoding.UTF8.GetString(bytes, at + 11, 36);
    }

    public override bool IsOf(IssuedEvent issued, byte[] bytes)
    {
        var source = new EventSource(1, sourceName, realm, host);
        var one = EventNormalizer.Normalize(
            issued.Stream, issued.Json, EventKey.FromId(Encoding.UTF8.GetBytes(issued.Id)), source, 0, issued.TimeMs, issued.At);
        output.ResetWrittenCount();
        formatter.Write(one, output);
        return output.WrittenSpan.SequenceEqual(bytes);
    }
}
