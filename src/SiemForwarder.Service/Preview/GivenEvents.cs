using System.Text;
using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Events.Pushed;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Preview;

/// <summary>Normalizes events given in a request like stored ones, and built-in samples.</summary>
internal sealed class GivenEvents(SourceDirectory sources, SegmentNormalizer normalizer, TimeProvider time)
{
    private static readonly EventSource Example = new(0, "example", "example", "keycloak.example.com");

    /// <summary>The built-in samples.</summary>
    public async Task<IReadOnlyList<SecurityEvent>> SampleAsync(int? sourceId, CancellationToken cancellationToken)
    {
        var source = await FindSourceAsync(sourceId, cancellationToken);
        var now = time.GetUtcNow();
        return [.. SampleEvents.At(now).Select(sample => Normalize(sample.Stream, Encoding.UTF8.GetBytes(sample.Json), source, now))];
    }

    /// <summary>The events of a request; adds errors by list index.</summary>
    public async Task<IReadOnlyList<SecurityEvent>> ReadAsync(
        IReadOnlyList<JsonElement> given, int? sourceId, FieldErrors errors, CancellationToken cancellationToken)
    {
        var source = await FindSourceAsync(sourceId, cancellationToken);
        var events = new List<SecurityEvent>();
        for (var index = 0; index < given.Count; index++)
        {
            var json = Encoding.UTF8.GetBytes(given[index].GetRawText());
            if (FindFault(json) is { } fault)
            {
                errors.Add($"events[{index}]", fault);
                continue;
            }

            events.Add(Normalize(StreamOf(given[index]), json, source, time.GetUtcNow()));
        }

        return events;
    }

    private static string? FindFault(byte[] json)
    {
        try
        {
            return PushedEventLimits.FindFault(PushedOutline.Read(json));
        }
        catch (JsonException)
        {
            return $"An event must be one JSON object, nested at most {PushedEventLimits.MaxDepth} deep.";
        }
    }

    /// <summary>Which stream an event looks like: Keycloak's own API, or what is pushed.</summary>
    private static EventStream StreamOf(JsonElement given)
    {
        return Text("event_type") is not null || Text("realmName") is not null ? EventStream.Pushed
            : Text("operationType") is not null && Text("type") is null ? EventStream.Admin
            : Text("type") is { } type && KeycloakEventCatalog.FindUser(type) is not null ? EventStream.User
            : EventStream.Pushed;

        string? Text(string name) =>
            given.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
    }

    private SecurityEvent Normalize(EventStream stream, byte[] json, EventSource source, DateTimeOffset now)
    {
        var outline = PushedOutline.Read(json);
        var (key, _) = new PushedKeys().Of(outline, json, isPulledToo: false, pulledByContent: false);
        var time = outline.TimeMs ?? now.ToUnixTimeMilliseconds();
        var segment = new LogSegment(source.Id, stream, 0, now, SegmentBody.Join([new IncomingEvent(time, key, null, json)]), [key], [time]);
        return normalizer.NormalizeOne(segment, 0, source);
    }

    private async Task<EventSource> FindSourceAsync(int? sourceId, CancellationToken cancellationToken) =>
        sourceId is { } id ? await sources.GetAsync(id, cancellationToken) : Example;
}
