using System.Text.Json;
using System.Text.Json.Serialization;
using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Tail;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Sources;

/// <summary>The poll status of a source as last reported by its engine.</summary>
/// <param name="Engine">Name of that engine.</param>
/// <param name="At">When it reported.</param>
internal sealed record StoredSourceStatus(RealmPollStatus Poll, string Engine, DateTimeOffset At);

/// <summary>The status of sources in the database, for every process to read.</summary>
internal sealed class SourceStatusTable(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>The poll status, for SQL in other folders.</summary>
    public const string Rows = """
        (SELECT source_id, engine, report, failing_since, error, auditing_off, expiration_seconds, unread_seconds, updated_at FROM source_status)
        """;

    /// <summary>The state of each source by its API name: for kind http it depends on what was received, for a realm on what was read.</summary>
    public const string States = $"""
        SELECT s.id, p.failing_since, p.error, CASE WHEN NOT s.enabled THEN 'Disabled' WHEN p.failing_since IS NOT NULL THEN 'Error'
                WHEN h.last_received_at IS NOT NULL OR jsonb_path_exists(p.report, '$.streams[*] ? (@.completeAt != null)') THEN 'Success'
                ELSE 'Not yet invoked' END AS state
        FROM {ConfigurationTables.Sources} s LEFT JOIN source_status p ON p.source_id = s.id LEFT JOIN {LogTables.Heads} h ON h.source_id = s.id
        """;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    /// <summary>Writes the status of several sources in one statement; a source that was deleted meanwhile is skipped.</summary>
    public async Task SaveAsync(IReadOnlyList<RealmPollStatus> reports, string engine, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var command = database.CreateCommand($"""
            INSERT INTO source_status (source_id, engine, report, failing_since, error, auditing_off, expiration_seconds, unread_seconds, updated_at)
            SELECT r.id, $1, r.report, r.failing_since, r.error, string_to_array(r.auditing_off, ' '), r.expiration, r.unread, $2
            FROM unnest($3::int[], $4::jsonb[], $5::timestamptz[], $6::text[], $7::text[], $8::bigint[], $9::bigint[])
                AS r (id, report, failing_since, error, auditing_off, expiration, unread)
            JOIN {ConfigurationTables.Sources} s ON s.id = r.id FOR KEY SHARE OF s
            ON CONFLICT (source_id) DO UPDATE SET engine = excluded.engine, report = excluded.report, failing_since = excluded.failing_since, error = excluded.error,
                auditing_off = excluded.auditing_off, expiration_seconds = excluded.expiration_seconds, unread_seconds = excluded.unread_seconds, updated_at = excluded.updated_at
            """);
        var parameters = command.Parameters;
        parameters.AddWithValue(engine);
        parameters.AddWithValue(now);
        parameters.AddWithValue(reports.Select(report => report.SourceId).ToArray());
        parameters.Add(new NpgsqlParameter
        {
            Value = reports.Select(report => JsonSerializer.Serialize(report, Json)).ToArray(),
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb,
        });
        parameters.AddWithValue(reports.Select(report => report.Streams.Min(stream => stream.FailingSince)).ToArray());
        parameters.AddWithValue(reports.Select(Error).ToArray());
        parameters.AddWithValue(reports.Select(report => string.Join(' ', report.Auditing?.Off ?? [])).ToArray());
        parameters.AddWithValue(reports.Select(report => report.Auditing?.ExpirationSeconds).ToArray());
        parameters.AddWithValue(reports.Select(report => (long)report.Unread(now).TotalSeconds).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The last reported status of a source; null if there is none.</summary>
    public async Task<StoredSourceStatus?> FindAsync(int sourceId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT report::text, engine, updated_at FROM source_status WHERE source_id = $1");
        command.Parameters.AddWithValue(sourceId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) && JsonSerializer.Deserialize<RealmPollStatus>(reader.GetString(0), Json) is { } report
            ? new StoredSourceStatus(report, reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2))
            : null;
    }

    /// <summary>The short status of a source.</summary>
    public async Task<SourceSummary?> FindSummaryAsync(int sourceId, CancellationToken cancellationToken) =>
        (await ReadSummariesAsync([sourceId], cancellationToken)).GetValueOrDefault(sourceId);

    /// <summary>The short statuses of several sources.</summary>
    public async Task<IReadOnlyDictionary<int, SourceSummary>> ReadSummariesAsync(IReadOnlyList<int> ids, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT id, state, failing_since, error FROM ({States}) one WHERE id = ANY ($1)");
        command.Parameters.AddWithValue(ids.ToArray());
        var summaries = new Dictionary<int, SourceSummary>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var failing = reader.GetString(1) == "Error";
            summaries[reader.GetInt32(0)] = new SourceSummary(
                reader.GetString(1), failing ? reader.GetFieldValue<DateTimeOffset>(2) : null,
                failing && !await reader.IsDBNullAsync(3, cancellationToken) ? reader.GetString(3) : null);
        }

        return summaries;
    }

    /// <summary>The sources with a state, given by its API name.</summary>
    public async Task<IReadOnlyList<int>> FindOfStateAsync(string state, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"SELECT id FROM ({States}) one WHERE state = $1");
        command.Parameters.AddWithValue(state);
        var found = new List<int>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(reader.GetInt32(0));
        }

        return found;
    }

    private static string? Error(RealmPollStatus report) =>
        report.Streams.Where(stream => stream.FailingSince is not null).MinBy(stream => stream.FailingSince)?.LastError is { } error
            ? StoredText.Of(error.Message)
            : null;
}
