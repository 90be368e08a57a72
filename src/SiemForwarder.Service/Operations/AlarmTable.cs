using Npgsql;

namespace SiemForwarder.Service.Operations;

/// <summary>The alarms in the database: one row from start to end.</summary>
internal sealed class AlarmTable(NpgsqlDataSource database)
{
    /// <summary>Raised alarms that are not cleared yet; kinds of another version are ignored.</summary>
    public async Task<IReadOnlyList<Alarm>> ListOpenAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT kind, subject, name, since, message FROM alarm WHERE cleared_at IS NULL");
        var alarms = new List<Alarm>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (AlarmKind.All.FirstOrDefault(kind => kind.Raised == reader.GetString(0)) is { } kind)
            {
                alarms.Add(new Alarm(kind, reader.GetString(1), reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3), reader.GetString(4)));
            }
        }

        return alarms;
    }

    /// <summary>Stores raised and cleared alarms in one statement.</summary>
    public async Task SaveAsync(IReadOnlyList<Alarm> raised, IReadOnlyList<Alarm> cleared, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            WITH ended AS (
                UPDATE alarm a SET cleared_at = $1 FROM unnest($2::text[], $3::text[]) AS e (kind, subject)
                WHERE a.kind = e.kind AND a.subject = e.subject AND a.cleared_at IS NULL
            )
            INSERT INTO alarm (kind, subject, name, message, since, raised_at)
            SELECT r.kind, r.subject, r.name, r.message, r.since, $1
            FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[]) AS r (kind, subject, name, message, since)
            ON CONFLICT (kind, subject) WHERE cleared_at IS NULL DO NOTHING
            """);
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(cleared.Select(alarm => alarm.Kind.Raised).ToArray());
        command.Parameters.AddWithValue(cleared.Select(alarm => alarm.Subject).ToArray());
        command.Parameters.AddWithValue(raised.Select(alarm => alarm.Kind.Raised).ToArray());
        command.Parameters.AddWithValue(raised.Select(alarm => alarm.Subject).ToArray());
        command.Parameters.AddWithValue(raised.Select(alarm => alarm.Name).ToArray());
        command.Parameters.AddWithValue(raised.Select(alarm => alarm.Message).ToArray());
        command.Parameters.AddWithValue(raised.Select(alarm => alarm.Since).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The newest alarms; all, or only active ones.</summary>
    public async Task<IReadOnlyList<AlarmResponse>> ListAsync(bool onlyOpen, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT kind, subject, name, message, since, raised_at, cleared_at FROM alarm
            WHERE cleared_at IS NULL OR NOT $1 ORDER BY cleared_at IS NOT NULL, id DESC LIMIT $2
            """);
        command.Parameters.AddWithValue(onlyOpen);
        command.Parameters.AddWithValue(limit);
        var alarms = new List<AlarmResponse>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            alarms.Add(new AlarmResponse(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetFieldValue<DateTimeOffset>(4),
                reader.GetFieldValue<DateTimeOffset>(5), await reader.IsDBNullAsync(6, cancellationToken) ? null : reader.GetFieldValue<DateTimeOffset>(6)));
        }

        return alarms;
    }
}
