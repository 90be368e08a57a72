using System.Buffers;
using System.Text.Json;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>One complete HTTP answer of a Keycloak server, or of whatever stands in front of it.</summary>
internal sealed class KeycloakReply : IDisposable
{
    public required int Status { get; init; }

    public required string? MediaType { get; init; }

    public required TimeSpan? RetryAfter { get; init; }

    public required Uri? Location { get; init; }

    public required DateTimeOffset? Date { get; init; }

    public required KeycloakBody Body { get; init; }

    /// <summary>What was sent that nobody may see, should the server repeat it.</summary>
    public required IReadOnlyList<string> Secrets { get; init; }

    /// <summary>When the request left and when its headers were back, on the monotonic clock of <see cref="ServerClock.LocalMs"/>.</summary>
    public required long SentAtMs { get; init; }

    /// <inheritdoc cref="SentAtMs"/>
    public required long AnsweredAtMs { get; init; }

    public bool IsJson => MediaType is { } type && (type == "application/json" || type.EndsWith("+json", StringComparison.Ordinal));

    /// <summary>The member of a JSON object as text; empty where there is none.</summary>
    public string Text(string member)
    {
        if (!IsJson)
        {
            return "";
        }

        try
        {
            using var document = JsonDocument.Parse(Body.Bytes);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(member, out var value)
                && value.ValueKind == JsonValueKind.String
                ? value.GetString()!
                : "";
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return "";
        }
    }

    /// <summary>The member of a JSON object for people: without what was sent in confidence.</summary>
    public string Shown(string member) => Hide(Text(member));

    /// <summary>A part of the answer for people: without what was sent in confidence.</summary>
    public string Hide(string text) => text.Length == 0 ? text : new SecretMask(Secrets).Mask(text);

    /// <summary>The end of a sentence about this answer: Keycloak's own error fields, and nothing of a body that may be another server's.</summary>
    public string Words()
    {
        var words = new[] { Shown("error"), Shown("error_description"), Shown("errorMessage") }.Where(text => text.Length > 0).Distinct();
        var said = OneLine.Of(string.Join(": ", words), 200);
        return said.Length == 0 ? "." : $": {said.TrimEnd('.')}.";
    }

    public void Dispose() => Body.Dispose();
}

/// <summary>The body of an answer in a pooled buffer; whoever holds it gives it back by disposing.</summary>
internal sealed class KeycloakBody : IDisposable
{
    private byte[] buffer = [];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Bytes => buffer.AsMemory(0, Length);

    /// <summary>Reads to the end; returns false where the body is longer than <paramref name="maxBytes"/>.</summary>
    public async Task<bool> TryFillAsync(Stream stream, long? announcedBytes, int maxBytes, CancellationToken cancellationToken)
    {
        if (announcedBytes > maxBytes)
        {
            return false;
        }

        Grow((int)(announcedBytes ?? 64 * 1024) + 1);
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(Length), cancellationToken);
            if (read == 0)
            {
                return true;
            }

            Length += read;
            if (Length > maxBytes)
            {
                return false;
            }

            if (Length == buffer.Length)
            {
                Grow(buffer.Length * 2);
            }
        }
    }

    public void Dispose()
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        buffer = [];
        Length = 0;
    }

    private void Grow(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(size);
        buffer.AsSpan(0, Length).CopyTo(larger);
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        buffer = larger;
    }
}
