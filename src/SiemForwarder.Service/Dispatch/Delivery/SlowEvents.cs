using Npgsql;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>Keeps, for the alarm, which events took longer than they may to be made ready; log and counter tell them as well.</summary>
/// <remarks>Whoever finds an event that takes long can hold up the others of its integration, and the SIEM sees nothing of it.</remarks>
internal sealed class SlowEvents(NpgsqlDataSource database, TimeSpan bound, TimeProvider time, ForwarderTelemetry telemetry)
{
    private const string Keep = """
        INSERT INTO slow_event AS known (integration_id, source_id, event_id, milliseconds, event_count, first_at, last_at) VALUES ($1, $2, $3, $4, $5, $6, $6)
        ON CONFLICT (integration_id, source_id) DO UPDATE SET
            event_id = CASE WHEN known.last_at < $6 - interval '1 day' OR excluded.milliseconds > known.milliseconds THEN excluded.event_id ELSE known.event_id END,
            milliseconds = CASE WHEN known.last_at < $6 - interval '1 day' THEN excluded.milliseconds ELSE greatest(excluded.milliseconds, known.milliseconds) END,
            event_count = CASE WHEN known.last_at < $6 - interval '1 day' THEN 0 ELSE known.event_count END + excluded.event_count,
            first_at = CASE WHEN known.last_at < $6 - interval '1 day' THEN excluded.first_at ELSE known.first_at END,
            last_at = excluded.last_at
        """;

    /// <summary>Whether so long is told.</summary>
    public bool IsSlow(TimeSpan took) => took > bound;

    /// <summary>Tells the slow events of a run.</summary>
    public async Task TellAsync(
        int integrationId, string integration, int sourceId, string source, IReadOnlyList<(string EventId, TimeSpan Took)> events,
        CancellationToken cancellationToken)
    {
        foreach (var (eventId, took) in events)
        {
            telemetry.EventSlow(integration, source, eventId, took, bound);
        }

        var slowest = events.MaxBy(one => one.Took);
        await using var command = database.CreateCommand(Keep);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue(slowest.EventId);
        command.Parameters.AddWithValue((long)slowest.Took.TotalMilliseconds);
        command.Parameters.AddWithValue((long)events.Count);
        command.Parameters.AddWithValue(time.GetUtcNow());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
