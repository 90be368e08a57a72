using Npgsql;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Dispatch.Retries;

/// <summary>Ends pauses between rounds on request, on whichever engine runs the integration.</summary>
internal sealed class RetryRequests(NpgsqlDataSource database, ConfigurationSignal configuration, TimeProvider time)
{
    // Fallback for the notification, which a pooler may swallow.
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(2);

    /// <summary>Requests the next round of an integration at once and wakes every engine; no effect if it is not waiting for a round.</summary>
    public async Task AskAsync(int integrationId, CancellationToken cancellationToken)
    {
        await using (var command = database.CreateCommand(IntegrationStatusTable.AskForRetry))
        {
            command.Parameters.AddWithValue(integrationId);
            command.Parameters.AddWithValue(time.GetUtcNow());
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        configuration.Raise();
        await using var wake = database.CreateCommand(LogTables.WakeEngines);
        await wake.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The time of the last request; null if there is none or the database does not respond.</summary>
    public async Task<DateTimeOffset?> FindLastAsync(int integrationId, CancellationToken cancellationToken)
    {
        try
        {
            await using var command = database.CreateCommand(
                $"SELECT retry_asked_at FROM {IntegrationStatusTable.Rows} s WHERE integration_id = $1");
            command.Parameters.AddWithValue(integrationId);
            return await command.ExecuteScalarAsync(cancellationToken) is DateTime at ? new DateTimeOffset(at) : null;
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception))
        {
            return null;
        }
    }

    /// <summary>Waits for the pause, or until a retry is requested.</summary>
    /// <param name="integrationId">The integration.</param>
    /// <param name="known">The last request before the pause.</param>
    /// <param name="pause">The maximum wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task WaitAsync(int integrationId, DateTimeOffset? known, TimeSpan pause, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (pause - time.GetElapsedTime(started) is { } left && left > TimeSpan.Zero)
        {
            var changed = configuration.Changed;
            if (await FindLastAsync(integrationId, cancellationToken) is { } last && last != known)
            {
                return;
            }

            await Task.WhenAny(changed, Task.Delay(left < Glance ? left : Glance, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
