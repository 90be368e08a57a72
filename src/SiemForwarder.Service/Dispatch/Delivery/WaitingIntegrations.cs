using Npgsql;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>The integrations that have something waiting, read in one statement for all of them.</summary>
/// <remarks>Hundreds of integrations ask every few seconds, and nearly always none has anything.</remarks>
/// <param name="database">The database.</param>
/// <param name="sql">Selects their ids.</param>
/// <param name="lifetime">How long an answer is good, unless the configuration changes.</param>
/// <param name="configuration">Ends the life of an answer: what waits is announced by it.</param>
/// <param name="time">Clock.</param>
internal sealed class WaitingIntegrations(NpgsqlDataSource database, string sql, TimeSpan lifetime, ConfigurationSignal configuration, TimeProvider time)
{
    // There is one question only.
    private readonly SharedAnswers<bool, HashSet<int>> answers = new(lifetime, configuration, time);

    /// <summary>Whether something of an integration waits.</summary>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    public async Task<bool> ContainAsync(int integrationId, CancellationToken cancellationToken) =>
        (await answers.GetAsync(true, ReadAsync, cancellationToken)).Contains(integrationId);

    private async Task<HashSet<int>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ids = new HashSet<int>();
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(reader.GetInt32(0));
        }

        return ids;
    }
}
