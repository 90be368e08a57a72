using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>The headline of each integration in the database: <c>NotYetInvoked</c>, <c>Success</c> or <c>Error</c>, and why.</summary>
internal sealed class IntegrationStatusTable(NpgsqlDataSource database)
{
    /// <summary>The stored status, as SQL of other folders reads it.</summary>
    public const string Rows = """
        (SELECT integration_id, status, since, last_attempt_at, last_success_at, error_category, error_message, error_at, next_attempt_at, engine FROM integration_status)
        """;

    /// <summary>Shows the success of integration $1 at $11 by engine $12, for each row of <c>moved</c> that brought events ($5).</summary>
    public const string ShowSuccess = """
        INSERT INTO integration_status AS s (integration_id, status, since, last_attempt_at, last_success_at, engine)
        SELECT $1, 'Success', $11, $11, $11, $12 FROM moved WHERE $5 > 0
        ON CONFLICT (integration_id) DO UPDATE SET status = 'Success', since = CASE WHEN s.status = 'Success' THEN s.since ELSE $11 END,
            last_attempt_at = $11, last_success_at = $11, next_attempt_at = NULL, engine = $12
        """;

    /// <summary>Shows that integration $1 failed at $2: category $3, message $4, next attempt $5, engine $6.</summary>
    public const string ShowError = $"""
        INSERT INTO integration_status AS s (integration_id, status, since, last_attempt_at, error_category, error_message, error_at, next_attempt_at, engine)
        SELECT $1, 'Error', $2, $2, $3, $4, $2, $5, $6 WHERE EXISTS (SELECT 1 FROM {ConfigurationTables.Integrations} i WHERE id = $1)
        ON CONFLICT (integration_id) DO UPDATE SET status = 'Error', since = CASE WHEN s.status = 'Error' THEN s.since ELSE $2 END,
            last_attempt_at = $2, error_category = $3, error_message = $4, error_at = $2, next_attempt_at = $5, engine = $6
        """;

    /// <summary>Notes an attempt of integration $1 that is going to be retried, with the parameters of <see cref="ShowError"/>; the headline stays.</summary>
    public const string NoteAttempt = """
        UPDATE integration_status SET last_attempt_at = $2, error_category = $3, error_message = $4, error_at = $2, next_attempt_at = $5, engine = $6
        WHERE integration_id = $1
        """;

    private static readonly IntegrationSummary Unknown = new("Not yet invoked", null, null);

    /// <summary>Makes the status of a new integration, in the transaction that stores it.</summary>
    public static async Task CreateAsync(NpgsqlConnection connection, int integrationId, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("INSERT INTO integration_status (integration_id, since) VALUES ($1, $2)", connection);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(since);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The headlines of several integrations at once.</summary>
    public async Task<IReadOnlyDictionary<int, IntegrationSummary>> ReadAsync(IReadOnlyList<int> ids, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT integration_id, status, since, CASE WHEN status = 'Error' THEN error_message END FROM integration_status WHERE integration_id = ANY ($1)");
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
