using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Events.Bytes;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>One complete HTTP response of a Keycloak server, or of whatever is in front of it.</summary>
internal sealed class KeycloakReply : IDisposable
{
    public required int Status { get; init; }

    public required string? MediaType { get; init; }

    public required TimeSpan? RetryAfter { get; init; }

    public required Uri? Location { get; init; }

    public required DateTimeOffset? Date { get; init; }

    public required KeycloakBody Body { get; init; }

    /// <summary>Confidential values that were sent, in case the server echoes them.</summary>
    public required IReadOnlyList<string> Secrets { get; init; }

    /// <summary>When the request was sent and when the response headers arrived, on the monotonic clock of <see cref="ServerClock.LocalMs"/>.</summary>
    public required long SentAtMs { get; init; }

    /// <inheritdoc cref="SentAtMs"/>
    public required long AnsweredAtMs { get; init; }

    public bool IsJson => MediaType is { } type && (type == "application/json" || type.EndsWith("+json", StringComparison.Ordinal));

    /// <summary>The member of a JSON object as text; empty if there is none.</summary>
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

    /// <summary>The member of a JSON object for display, with confidential values masked.</summary>
    public string Shown(string member) => Hide(Text(member));

    /// <summary>A part of the response for display, with confidential values masked.</summary>
    public string Hide(string text) => text.Length == 0 ? text : new SecretMask(Secrets).Mask(text);

    /// <summary>The end of a sentence about this response: Keycloak's own error fields, and nothing of a body that may be another server's.</summary>
    public string Words()
    {
        var words = new[] { Shown("error"), Shown("error_description"), Shown("errorMessage") }.Where(text => text.Length > 0).Distinct();
        var said = OneLine.Of(string.Join(": ", words), 200);
        return said.Length == 0 ? "." : $": {said.TrimEnd('.')}.";
    }

    public void Dispose() => Body.Dispose();
}

/// <summary>The body of a response in a pooled buffer, which may contain a token; the owner returns it by disposing.</summary>
internal sealed class KeycloakBody : IDisposable
{
    private const int UsualBytes = 64 * 1024;

    private readonly PooledBuffer buffer = new(holdsSecrets: true);

    public int Length => buffer.Length;

    public ReadOnlyMemory<byte> Bytes => buffer.Memory;

    /// <summary>Reads to the end; returns false if the body is longer than <paramref name="maxBytes"/>.</summary>
    public async Task<bool> TryFillAsync(Stream stream, long? announcedBytes, int maxBytes, CancellationToken cancellationToken)
    {
        if (announcedBytes > maxBytes)
        {
            return false;
        }

        // One byte more, so that the end is detected without a larger array.
        buffer.EnsureRoom((int)(announcedBytes ?? UsualBytes) + 1);
        return await buffer.FillAsync(stream, maxBytes + 1, null, cancellationToken) == BufferFill.Whole;
    }

    public void Dispose() => buffer.Dispose();
}
