using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>Applies missing migrations, and never waits for a lock so long that other engines queue behind it.</summary>
internal static class SchemaUpdate
{
    private const int Tries = 5;

    // All lock requests for a table form one queue: behind a migration that waits for a backup, every append would wait too.
    public const string LockTimeout = "SET LOCAL lock_timeout = '1s';";

    private const string TakeHistory = """
        DO $$ BEGIN
            IF to_regclass('"__EFMigrationsHistory"') IS NOT NULL THEN LOCK TABLE "__EFMigrationsHistory" IN ACCESS EXCLUSIVE MODE; END IF;
        END $$
        """;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    // Creating an index on a large table takes time.
    private static readonly TimeSpan MaxDuration = TimeSpan.FromHours(1);

    /// <summary>Updates the tables.</summary>
    /// <exception cref="NpgsqlException">Another session has locked the tables (55P03), or the database is unusable; possibly wrapped.</exception>
    public static async Task RunAsync(ForwarderDbContext database, TimeProvider time, CancellationToken cancellationToken)
    {
        database.Database.SetCommandTimeout(MaxDuration);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // The framework locks its table even if there is nothing to do, which would wait for a running backup.
                if ((await database.Database.GetPendingMigrationsAsync(cancellationToken)).Any())
                {
                    await TryHistoryAsync(database, cancellationToken);
                    await database.Database.MigrateAsync(cancellationToken);
                }

                return;
            }
            catch (Exception exception) when (IsHeld(exception) && attempt < Tries)
            {
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    /// <summary>Whether an exception means that another session has locked a table.</summary>
    public static bool IsHeld(Exception exception) => exception is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable }
        || (exception.InnerException is { } inner && IsHeld(inner));

    // The framework itself would wait for its table without a limit.
    private static async Task TryHistoryAsync(ForwarderDbContext database, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await database.Database.ExecuteSqlRawAsync(LockTimeout, cancellationToken);
        await database.Database.ExecuteSqlRawAsync(TakeHistory, cancellationToken);
    }
}
