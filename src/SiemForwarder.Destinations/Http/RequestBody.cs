using System.Buffers;
using System.IO.Compression;
using System.Text.Json;
using SiemForwarder.Destinations.Http.Webhook;

namespace SiemForwarder.Destinations.Http;

/// <summary>Builds request bodies in pooled memory: repeatable bytes of known length.</summary>
internal sealed class RequestBody : IDisposable
{
    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\r\n"u8);

    private readonly HttpSettings settings;
    private readonly PooledStream plain = new();
    private readonly PooledStream compressed = new();
    private readonly bool isJson;

    public RequestBody(HttpSettings settings)
    {
        this.settings = settings;
        isJson = settings.ContentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Media type of the body, with the character set where the type does not imply it.</summary>
    public string ContentType => settings.Body switch
    {
        HttpBody.Array => "application/json",
        HttpBody.Ndjson when isJson => "application/x-ndjson",
        _ => isJson ? "application/json" : "text/plain; charset=utf-8",
    };

    /// <summary>The body of the last <see cref="Build"/> as it was before compression.</summary>
    public ReadOnlyMemory<byte> Plain => plain.Written;

    /// <summary>The bytes to send for these events; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Build(DeliveryBatch batch)
    {
        plain.Clear();
        switch (settings.Body)
        {
            case HttpBody.Single:
                plain.Write(batch.Bytes.Span);
                break;
            case HttpBody.Array:
                WriteArray(batch);
                break;
            default:
                WriteLines(batch, plain);
                break;
        }

        return settings.Gzip ? Compress() : plain.Written;
    }

    /// <summary>The request for these events, signed where there is a signature; valid until the next call.</summary>
    public HttpExchange Request(DeliveryBatch batch, DestinationSettings destination, WebhookSignature? signature, TimeProvider timeProvider)
    {
        var bytes = Build(batch);
        return new HttpExchange(destination.ServerUrl.PathAndQuery, bytes, ContentType)
        {
            Gzip = settings.Gzip,
            Headers = signature?.Sign(WebhookSignature.IdOf(batch), timeProvider.GetUtcNow(), bytes.Span) ?? [],
        };
    }

    public void Dispose()
    {
        plain.Dispose();
        compressed.Dispose();
    }

    private void WriteArray(DeliveryBatch batch)
    {
        plain.WriteByte((byte)'[');
        for (var index = 0; index < batch.Count; index++)
        {
            if (index > 0)
            {
                plain.WriteByte((byte)',');
            }

            if (isJson)
            {
                plain.Write(batch[index].Span);
            }
            else
            {
                // Text in an array is a JSON string, or the body would not be JSON.
                plain.Write("\""u8);
                plain.Write(JsonEncodedText.Encode(batch[index].Span).EncodedUtf8Bytes);
                plain.Write("\""u8);
            }
        }

        plain.WriteByte((byte)']');
    }

    /// <summary>One event per line, each line ended by LF.</summary>
    public static void WriteLines(DeliveryBatch batch, PooledStream body)
    {
        for (var index = 0; index < batch.Count; index++)
        {
            var from = (int)body.Length;
            body.Write(batch[index].Span);
            // A line break inside would let the sender of an event begin an event of its own.
            var line = body.WrittenSpan[from..];
            for (var at = line.IndexOfAny(LineBreaks); at >= 0; at = line.IndexOfAny(LineBreaks))
            {
                line[at] = (byte)' ';
            }

            body.WriteByte((byte)'\n');
        }
    }

    private ReadOnlyMemory<byte> Compress()
    {
        compressed.Clear();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(plain.Written.Span);
        }

        return compressed.Written;
    }
}
