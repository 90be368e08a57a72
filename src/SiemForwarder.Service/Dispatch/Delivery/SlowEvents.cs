using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>Records, for the alarm, which events took too long to prepare; they are also logged and counted.</summary>
/// <remarks>An attacker who finds an event that is slow to prepare could hold up the other events of an integration unnoticed by the SIEM.</remarks>
internal sealed class SlowEvents(
    NpgsqlDataSource database, ISourceDirectory sources, TimeSpan bound, TimeProvider time, ForwarderTelemetry telemetry)
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

    /// <summary>Reports the slow events of a run; reports nothing if the database cannot be reached.</summary>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    public async Task TellAsync(
        RunnableIntegration integration, int sourceId, IReadOnlyList<(string EventId, TimeSpan Took)> events, CancellationToken cancellationToken)
    {
        var source = await sources.GetAsync(sourceId, cancellationToken);
        var slowest = events.MaxBy(one => one.Took);
        await using var command = database.CreateCommand(Keep);
        command.Parameters.AddWithValue(integration.Id);
        command.Parameters.AddWithValue(sourceId);
        command.Parameters.AddWithValue(slowest.EventId);
        command.Parameters.AddWithValue((long)slowest.Took.TotalMilliseconds);
        command.Parameters.AddWithValue((long)events.Count);
        command.Parameters.AddWithValue(time.GetUtcNow());
        await command.ExecuteNonQueryAsync(cancellationToken);
        foreach (var (eventId, took) in events)
        {
            telemetry.EventSlow(integration.Name, source.Name, eventId, took, bound);
        }
    }
}

/// <summary>Measures how long the events of a run take to prepare, and keeps the slow ones.</summary>
internal sealed class EventStopwatch(TimeSpan bound, TimeProvider time)
{
    private readonly List<(string EventId, TimeSpan Took)> slow = [];
    private long began;

    /// <summary>The events that took too long.</summary>
    public IReadOnlyList<(string EventId, TimeSpan Took)> Slow => slow;

    /// <summary>Clears the slow events for the next run.</summary>
    public void Reset() => slow.Clear();

    /// <summary>Starts timing an event.</summary>
    public void Start() => began = time.GetTimestamp();

    /// <summary>Stops timing: the event is ready.</summary>
    /// <param name="one">The event.</param>
    /// <param name="normalizing">The time already spent on normalizing it.</param>
    public void Stop(SecurityEvent one, TimeSpan normalizing)
    {
        var took = normalizing + time.GetElapsedTime(began);
        if (took > bound)
        {
            slow.Add((one.Id, took));
        }
    }
}
