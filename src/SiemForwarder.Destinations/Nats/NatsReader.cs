using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace SiemForwarder.Destinations.Nats;

/// <summary>What a server sends.</summary>
internal enum NatsFrameKind
{
    Ping,
    Pong,
    Error,
    Message,

    /// <summary>Nothing that matters here: INFO, +OK.</summary>
    Other,

    /// <summary>Not the protocol.</summary>
    Unknown,
}

/// <summary>One frame of a server.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Subject of a message, or text of an error.</param>
/// <param name="Content">Headers and payload of a message.</param>
internal sealed record NatsFrame(NatsFrameKind Kind, string Text, byte[] Content)
{
    public ReadOnlySpan<byte> Payload => Content;
}

/// <summary>Reads the frames of a NATS server; bounded, whatever it sends.</summary>
internal sealed class NatsReader(Stream stream) : IAsyncDisposable
{
    private const int MaxLine = 64 * 1024;
    private const int MaxMessage = 256 * 1024;

    private readonly PipeReader pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));

    /// <summary>The first line that a server sends by itself, without a byte beyond it; null if it closes before.</summary>
    public static async Task<string?> ReadFirstLineAsync(Stream stream, CancellationToken cancellationToken)
    {
        var line = new byte[MaxLine];
        for (var length = 0; length < line.Length;)
        {
            var count = await stream.ReadAsync(line.AsMemory(length), cancellationToken);
            if (count == 0)
            {
                return null;
            }

            length += count;
            if (line.AsSpan(0, length).IndexOf((byte)'\n') is var end and >= 0)
            {
                return Encoding.UTF8.GetString(line, 0, end).TrimEnd('\r');
            }
        }

        return "";
    }

    /// <summary>The next frame; null if the server closed.</summary>
    public async ValueTask<NatsFrame?> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await pipe.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            if (TryTake(ref buffer, out var frame))
            {
                pipe.AdvanceTo(buffer.Start);
                return frame;
            }

            if (result.IsCompleted)
            {
                pipe.AdvanceTo(buffer.End);
                return null;
            }

            pipe.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    public ValueTask DisposeAsync() => pipe.CompleteAsync();

    private static bool TryTake(ref ReadOnlySequence<byte> buffer, out NatsFrame frame)
    {
        frame = new NatsFrame(NatsFrameKind.Unknown, "", []);
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n'))
        {
            return buffer.Length > MaxLine;
        }

        var text = Encoding.UTF8.GetString(line).TrimEnd('\r');
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words.FirstOrDefault()?.ToUpperInvariant())
        {
            case "PING":
                frame = frame with { Kind = NatsFrameKind.Ping };
                break;
            case "PONG":
                frame = frame with { Kind = NatsFrameKind.Pong };
                break;
            case "+OK" or "INFO":
                frame = frame with { Kind = NatsFrameKind.Other };
                break;
            case "-ERR":
                frame = frame with { Kind = NatsFrameKind.Error, Text = text[4..] };
                break;
            case "MSG" or "HMSG" when words.Length >= 4 && int.TryParse(words[^1], CultureInfo.InvariantCulture, out var length)
                && length is >= 0 and <= MaxMessage:
                // Behind the content stands CRLF.
                if (reader.Remaining < length + 2)
                {
                    return false;
                }

                var content = new byte[length];
                reader.TryCopyTo(content);
                reader.Advance(length + 2);
                frame = new NatsFrame(NatsFrameKind.Message, words[1], content);
                break;
        }

        buffer = buffer.Slice(reader.Position);
        return true;
    }
}
