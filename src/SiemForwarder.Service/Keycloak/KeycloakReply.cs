using System.Text;
using System.Text.Json;

namespace SiemForwarder.Service.Keycloak;

/// <summary>One complete HTTP answer of a Keycloak server, or of whatever stands in front of it.</summary>
internal sealed class KeycloakReply : IDisposable
{
    public required int Status { get; init; }

    public required string? MediaType { get; init; }

    public required TimeSpan? RetryAfter { get; init; }

    public required Uri? Location { get; init; }

    public required DateTimeOffset? Date { get; init; }

    public required KeycloakBody Body { get; init; }

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
                ? value.ToString()
                : "";
        }
        catch (JsonException)
        {
            return "";
        }
    }

    /// <summary>The beginning of the body on one line, for messages.</summary>
    public string Excerpt()
    {
        var text = Encoding.UTF8.GetString(Body.Bytes.Span[..Math.Min(120, Body.Length)]);
        return new string([.. text.Select(character => char.IsControl(character) ? ' ' : character)]).Trim();
    }

    public void Dispose() => Body.Dispose();
}
