using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Events.Bytes;

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

/// <summary>The body of an answer in a pooled buffer, which may hold a token; whoever holds it gives it back by disposing.</summary>
internal sealed class KeycloakBody : IDisposable
{
    private const int UsualBytes = 64 * 1024;

    private readonly PooledBuffer buffer = new(holdsSecrets: true);

    public int Length => buffer.Length;

    public ReadOnlyMemory<byte> Bytes => buffer.Memory;

    /// <summary>Reads to the end; returns false where the body is longer than <paramref name="maxBytes"/>.</summary>
    public async Task<bool> TryFillAsync(Stream stream, long? announcedBytes, int maxBytes, CancellationToken cancellationToken)
    {
        if (announcedBytes > maxBytes)
        {
            return false;
        }

        // One more, so that the end shows without a larger array.
        buffer.EnsureRoom((int)(announcedBytes ?? UsualBytes) + 1);
        return await buffer.FillAsync(stream, maxBytes + 1, null, cancellationToken) == BufferFill.Whole;
    }

    public void Dispose() => buffer.Dispose();
}
