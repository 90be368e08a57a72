using Npgsql;

namespace SiemForwarder.Service.Integrations;

/// <summary>Reads the headlines of the status of several integrations at once.</summary>
internal sealed class IntegrationSummaries(NpgsqlDataSource database)
{
    private static readonly IntegrationSummary Unknown = new("Not yet invoked", null, null);

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
