using System.Text;

namespace SiemForwarder.Destinations.Http;

/// <summary>Makes a request to a receiver in memory that takes everything, so that its exact bytes can be shown.</summary>
internal static class RenderedRequest
{
    /// <summary>The request as it would leave, secrets in its head masked; the bodies are copied.</summary>
    public static async Task<(WireUnit Unit, Fault? Fault)> OfAsync(
        DestinationSettings settings, HttpIntakeProfile profile, TimeProvider timeProvider, HttpExchange exchange, ReadOnlyMemory<byte> plain,
        CancellationToken cancellationToken)
    {
        await using var recording = new RecordingStream(new AgreeingStream());
        using var endpoint = new HttpEndpoint(settings, _ => ValueTask.FromResult<Stream>(recording), timeProvider, profile);
        var posted = await endpoint.SendAsync(exchange, cancellationToken);
        var unit = new WireUnit(WireUnitKind.Request, endpoint.Mask.Mask(recording.SentHead), plain.ToArray(), exchange.Body.ToArray());
        return (unit, posted.TryGet(out _, out var fault) ? null : fault);
    }

    /// <summary>Takes whatever is written and answers 200 once.</summary>
    private sealed class AgreeingStream : Stream
    {
        private readonly MemoryStream answer = new(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => answer.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public override int Read(byte[] buffer, int offset, int count) => answer.Read(buffer, offset, count);

        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
