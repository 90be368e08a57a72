using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>The headline of each integration in the database: <c>Not yet invoked</c>, <c>Success</c> or <c>Error</c>, and why.</summary>
internal sealed class IntegrationStatusTable(NpgsqlDataSource database)
{
    /// <summary>The stored status, for SQL in other folders.</summary>
    public const string Rows = """
        (SELECT integration_id, status, since, last_attempt_at, last_success_at, error_category, error_message, error_at, next_attempt_at, engine,
            retry_asked_at FROM integration_status)
        """;

    /// <summary>
    /// Shows for each row of <c>moved</c> that engine $12 delivered events of integration $1 at $11 ($5 of them accepted), or that the destination rejected
    /// some ($24 says which and why; null for none). The status is Error, without a next attempt, if it accepted none of the batch ($25).
    /// </summary>
    public const string ShowOutcome = """
        INSERT INTO integration_status AS s (
            integration_id, status, since, last_attempt_at, last_success_at, error_category, error_message, error_at, engine)
        SELECT $1, CASE WHEN $25 THEN 'Success' ELSE 'Error' END, $11, $11, CASE WHEN $25 THEN $11 END,
            CASE WHEN $24 IS NOT NULL THEN 'Rejected' END, $24, CASE WHEN $24 IS NOT NULL THEN $11 END, $12
        FROM moved WHERE $5 > 0 OR $24 IS NOT NULL
        ON CONFLICT (integration_id) DO UPDATE SET
            status = CASE WHEN coalesce($25, s.status = 'Success') THEN 'Success' ELSE 'Error' END,
            since = CASE WHEN s.status = CASE WHEN coalesce($25, s.status = 'Success') THEN 'Success' ELSE 'Error' END THEN s.since ELSE $11 END,
            last_attempt_at = $11, last_success_at = CASE WHEN $5 > 0 THEN $11 ELSE s.last_success_at END,
            error_category = coalesce(excluded.error_category, s.error_category), error_message = coalesce($24, s.error_message),
            error_at = coalesce(excluded.error_at, s.error_at), next_attempt_at = NULL, engine = $12
        """;

    /// <summary>Shows at $4 that a redriven event of the integration of <c>settled</c> was delivered, if $2 is <c>delivered</c>.</summary>
    public const string ShowRedriven = """
        UPDATE integration_status s SET status = 'Success', since = CASE WHEN s.status = 'Success' THEN s.since ELSE $4 END,
            last_attempt_at = $4, last_success_at = $4, next_attempt_at = NULL
        FROM settled WHERE s.integration_id = settled.integration_id AND $2 = 'delivered'
        """;

    /// <summary>Clears at $2 the error that the destination of integration $1 rejected events; add a condition that none of them is still open.</summary>
    public const string EndRefusal = """
        UPDATE integration_status SET status = CASE WHEN last_success_at IS NULL THEN 'Not yet invoked' ELSE 'Success' END, since = $2
        WHERE integration_id = $1 AND status = 'Error' AND error_category = 'Rejected' AND next_attempt_at IS NULL
        """;

    /// <summary>Shows that integration $1 failed at $2: category $3, message $4, next attempt $5, engine $6.</summary>
    public const string ShowError = $"""
        INSERT INTO integration_status AS s (integration_id, status, since, last_attempt_at, error_category, error_message, error_at, next_attempt_at, engine)
        SELECT $1, 'Error', $2, $2, $3, $4, $2, $5, $6 WHERE EXISTS (SELECT 1 FROM {ConfigurationTables.Integrations} i WHERE id = $1)
        ON CONFLICT (integration_id) DO UPDATE SET status = 'Error', since = CASE WHEN s.status = 'Error' THEN s.since ELSE $2 END,
            last_attempt_at = $2, error_category = $3, error_message = $4, error_at = $2, next_attempt_at = $5, engine = $6
        """;

    /// <summary>Records an attempt of integration $1 that will be retried, with the parameters of <see cref="ShowError"/>; keeps the headline.</summary>
    public const string NoteAttempt = """
        UPDATE integration_status SET last_attempt_at = $2, error_category = $3, error_message = $4, error_at = $2, next_attempt_at = $5, engine = $6
        WHERE integration_id = $1
        """;

    /// <summary>Requests at $2 the next round of integration $1 at once.</summary>
    public const string AskForRetry = """
        UPDATE integration_status SET retry_asked_at = greatest($2, retry_asked_at + interval '1 microsecond'),
            next_attempt_at = CASE WHEN next_attempt_at > $2 THEN $2 ELSE next_attempt_at END
        WHERE integration_id = $1
        """;

    /// <summary>The state of an integration <c>i</c> by its API name, from its row <c>s</c>; what is stored of a disabled one is from before.</summary>
    public const string State = "CASE WHEN i.enabled THEN coalesce(s.status, 'Not yet invoked') ELSE 'Disabled' END";

    private static readonly IntegrationSummary Unknown = new("Not yet invoked", null, null);

    /// <summary>Creates the status of a new integration, in the transaction that stores it.</summary>
    public static async Task CreateAsync(NpgsqlConnection connection, int integrationId, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("INSERT INTO integration_status (integration_id, since) VALUES ($1, $2)", connection);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(since);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Resets the status of an integration that was enabled or disabled, in the transaction that stores the change.</summary>
    public static async Task RestartAsync(NpgsqlConnection connection, int integrationId, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "UPDATE integration_status SET status = 'Not yet invoked', since = $2, next_attempt_at = NULL WHERE integration_id = $1", connection);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(since);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The integrations with a state, given by its API name.</summary>
    public async Task<IReadOnlyList<int>> FindAsync(string state, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT i.id FROM {ConfigurationTables.Integrations} i LEFT JOIN integration_status s ON s.integration_id = i.id WHERE {State} = $1
            """);
        command.Parameters.AddWithValue(state);
        var found = new List<int>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(reader.GetInt32(0));
        }

        return found;
    }

    /// <summary>The short statuses of several integrations.</summary>
    public async Task<IReadOnlyDictionary<int, IntegrationSummary>> ReadAsync(IReadOnlyList<int> ids, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"""
            SELECT i.id, {State}, s.since, CASE WHEN i.enabled AND s.status = 'Error' THEN s.error_message END
            FROM {ConfigurationTables.Integrations} i JOIN integration_status s ON s.integration_id = i.id WHERE i.id = ANY ($1)
            """);
        command.Parameters.AddWithValue(ids.ToArray());
        var summaries = ids.ToDictionary(id => id, _ => Unknown);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            summaries[reader.GetInt32(0)] = new IntegrationSummary(
                reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2), await reader.IsDBNullAsync(3, cancellationToken) ? null : reader.GetString(3));
        }

        return summaries;
    }
}
