using System.Collections.Concurrent;
using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.EventLog;

/// <summary>Appends that the other processes have not been notified of yet.</summary>
/// <remarks>
/// Notifications are sent by a separate transaction that writes nothing: PostgreSQL commits transactions with notifications one at a time, so
/// notifying within an append would make every append in the database wait for the fsync of the others.
/// </remarks>
internal sealed class AppendNotices
{
    private readonly ConcurrentDictionary<int, long> waiting = new();
    private readonly ChangeSignal added = new();

    /// <summary>Completes when a notice is added after this call.</summary>
    public Task Added => added.Changed;

    public void Add(int sourceId, long nextPosition)
    {
        waiting.AddOrUpdate(sourceId, nextPosition, (_, known) => Math.Max(known, nextPosition));
        added.Raise();
    }

    /// <summary>Sends all pending notices; those that fail stay pending.</summary>
    public async Task SendAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var taken = new Dictionary<int, long>();
        foreach (var sourceId in waiting.Keys)
        {
            if (waiting.TryRemove(sourceId, out var next))
            {
                taken[sourceId] = next;
            }
        }

        if (taken.Count == 0)
        {
            return;
        }

        try
        {
            await using var command = database.CreateCommand(
                "SELECT pg_notify($1, s || ' ' || n) FROM unnest($2::int[], $3::bigint[]) AS told (s, n)");
            command.Parameters.AddWithValue(EventLogWriter.Channel);
            command.Parameters.AddWithValue(taken.Keys.ToArray());
            command.Parameters.AddWithValue(taken.Values.ToArray());
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch
        {
            foreach (var (sourceId, next) in taken)
            {
                waiting.AddOrUpdate(sourceId, next, (_, known) => Math.Max(known, next));
            }

            throw;
        }
    }
}
