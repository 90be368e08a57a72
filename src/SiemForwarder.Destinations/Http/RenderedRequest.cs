using System.Text;
using System.Text.RegularExpressions;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Http;

/// <summary>Sends a request to an in-memory receiver that accepts everything, so that its exact bytes can be shown.</summary>
internal static partial class RenderedRequest
{
    /// <summary>The request as it would be sent, with secrets in its head masked; the bodies are copied.</summary>
    public static async Task<(WireUnit Unit, Fault? Fault)> OfAsync(
        DestinationSettings settings, HttpIntakeProfile profile, TimeProvider time, HttpExchange exchange,
        ReadOnlyMemory<byte> plain, CancellationToken cancellationToken)
    {
        await using var recording = new RecordingStream(new AgreeingStream());
        using var endpoint = new HttpEndpoint(settings, _ => ValueTask.FromResult<Stream>(recording), time, profile);
        var posted = await endpoint.SendAsync(exchange, cancellationToken);
        // Anyone who sees a signature could send the request in our name.
        var head = Signature().Replace(endpoint.Mask.Mask(Encoding.UTF8.GetString(recording.SentHead)), "***");
        var unit = new WireUnit(WireUnitKind.Request, Encoding.UTF8.GetBytes(head), plain.ToArray(), exchange.Body.ToArray());
        return (unit, posted.TryGet(out _, out var fault) ? null : fault);
    }

    [GeneratedRegex(@"(?<=^[\w-]*signature: )[^\r\n]+", RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Signature();

    /// <summary>Accepts whatever is written and answers 200 once.</summary>
    private sealed class AgreeingStream()
        : DelegatingStream(new MemoryStream("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray()))
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.CompletedTask;

        public override void Write(byte[] buffer, int offset, int count)
        {
        }
    }
}
