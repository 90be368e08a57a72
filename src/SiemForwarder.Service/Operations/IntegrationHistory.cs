using Npgsql;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Operations;

/// <summary>What one integration did in a while.</summary>
/// <param name="Delivered">Events that its destination accepted.</param>
/// <param name="Latency">Seconds from when an event happened to when its destination accepted it, of some events of each batch.</param>
/// <param name="Backlog">The most events that waited for it at a time.</param>
internal readonly record struct IntegrationTally(long Delivered, ValueTally Latency, long Backlog)
{
    public bool IsEmpty => this is { Delivered: 0, Latency.Samples: 0, Backlog: 0 };

    public IntegrationTally Plus(IntegrationTally other) =>
        new(Delivered + other.Delivered, Latency.Plus(other.Latency), Math.Max(Backlog, other.Backlog));
}

/// <summary>What each integration delivered and what waited for it, of all engines together, for eight days.</summary>
internal sealed class IntegrationHistory(NpgsqlDataSource database, TimeProvider time)
{
    private static readonly TimeSpan FineRetention = TimeSpan.FromHours(2);
    private static readonly TimeSpan Retention = TimeSpan.FromDays(8);
    private static readonly TimeSpan Shared = TimeSpan.FromSeconds(5);

    private readonly SharedAnswers<(int, DateTimeOffset, TimeSpan), IReadOnlyDictionary<DateTimeOffset, IntegrationTally>> answers = new(Shared, null, time);

    /// <summary>Adds what one engine counted, by the name of the integration, and drops what is too old.</summary>
    public async Task AddAsync(DateTimeOffset now, IReadOnlyDictionary<string, IntegrationTally> counted, CancellationToken cancellationToken)
    {
        // In one order in every engine, so that two of them never wait for each other.
        var tallies = counted.Where(one => !one.Value.IsEmpty).OrderBy(one => one.Key, StringComparer.Ordinal).ToList();
        await using var batch = database.CreateBatch();
        if (tallies.Count > 0)
        {
            Add(batch, """
                INSERT INTO integration_flow AS f (integration_id, minutes, at, delivered, latency_samples, latency_total, latency_highest, backlog_highest)
                SELECT i.id, m.minutes, date_bin(m.minutes * interval '1 minute', $1, 'epoch'), n.delivered, n.samples, n.total, n.highest, n.backlog
                FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::float8[], $6::float8[], $7::bigint[]) n (name, delivered, samples, total, highest, backlog)
                """ + $" JOIN {ConfigurationTables.Integrations} i ON i.name = n.name " + """
                CROSS JOIN (VALUES (1), (15)) m (minutes) ORDER BY 1, 2
                ON CONFLICT (integration_id, minutes, at) DO UPDATE SET
                    delivered = f.delivered + excluded.delivered, latency_samples = f.latency_samples + excluded.latency_samples,
                    latency_total = f.latency_total + excluded.latency_total, latency_highest = greatest(f.latency_highest, excluded.latency_highest),
                    backlog_highest = greatest(f.backlog_highest, excluded.backlog_highest)
                """,
                now, tallies.Select(one => one.Key).ToArray(), tallies.Select(one => one.Value.Delivered).ToArray(),
                tallies.Select(one => one.Value.Latency.Samples).ToArray(), tallies.Select(one => one.Value.Latency.Total).ToArray(),
                tallies.Select(one => one.Value.Latency.Highest).ToArray(), tallies.Select(one => one.Value.Backlog).ToArray());
        }

        const string Drop = "DELETE FROM integration_flow WHERE minutes = $1 AND at < $2";
        Add(batch, Drop, (short)1, now - FineRetention);
        Add(batch, Drop, (short)15, now - Retention);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The tallies of an integration since <paramref name="from"/>, by step; a step in which it did nothing has none.</summary>
    public Task<IReadOnlyDictionary<DateTimeOffset, IntegrationTally>> ReadAsync(
        int integrationId, DateTimeOffset from, TimeSpan step, CancellationToken cancellationToken) =>
        answers.GetAsync((integrationId, from, step), token => ReadNowAsync(integrationId, from, step, token), cancellationToken);

    private async Task<IReadOnlyDictionary<DateTimeOffset, IntegrationTally>> ReadNowAsync(
        int integrationId, DateTimeOffset from, TimeSpan step, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT date_bin($4, at, $3), sum(delivered)::bigint, sum(latency_samples)::bigint, sum(latency_total), max(latency_highest), max(backlog_highest)
            FROM integration_flow WHERE integration_id = $1 AND minutes = $2 AND at >= $3 GROUP BY 1
            """);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue((short)(step < TimeSpan.FromMinutes(15) ? 1 : 15));
        command.Parameters.AddWithValue(from);
        command.Parameters.AddWithValue(step);
        var found = new Dictionary<DateTimeOffset, IntegrationTally>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found[reader.GetFieldValue<DateTimeOffset>(0)] = new IntegrationTally(
                reader.GetInt64(1), new ValueTally(reader.GetInt64(2), reader.GetDouble(3), reader.GetDouble(4)), reader.GetInt64(5));
        }

        return found;
    }

    private static void Add(NpgsqlBatch batch, string statement, params object[] values)
    {
        var command = batch.CreateBatchCommand();
        command.CommandText = statement;
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        batch.BatchCommands.Add(command);
    }
}
