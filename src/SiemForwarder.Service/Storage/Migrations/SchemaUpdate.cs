using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>Applies the migrations that a database lacks, and never waits for a lock so long that other engines wait behind it.</summary>
internal static class SchemaUpdate
{
    private const int Tries = 5;

    // Everything that locks a table waits in one line: behind a migration that waits for a backup, every append would wait too.
    public const string LockTimeout = "SET LOCAL lock_timeout = '1s';";

    private const string TakeHistory = """
        DO $$ BEGIN
            IF to_regclass('"__EFMigrationsHistory"') IS NOT NULL THEN LOCK TABLE "__EFMigrationsHistory" IN ACCESS EXCLUSIVE MODE; END IF;
        END $$
        """;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    // An index of a large table takes its time.
    private static readonly TimeSpan MaxDuration = TimeSpan.FromHours(1);

    /// <summary>Brings the tables up to date.</summary>
    /// <exception cref="NpgsqlException">Somebody else holds the tables (55P03), or the database cannot be used; also wrapped by the framework.</exception>
    public static async Task RunAsync(ForwarderDbContext database, TimeProvider time, CancellationToken cancellationToken)
    {
        database.Database.SetCommandTimeout(MaxDuration);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // The framework takes its table for itself even where nothing is to be done, and that a running backup would hold up.
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

    /// <summary>Whether a fault says that another session holds a table.</summary>
    public static bool IsHeld(Exception exception) => exception is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable }
        || (exception.InnerException is { } inner && IsHeld(inner));

    // The framework would wait for its table without a bound of its own.
    private static async Task TryHistoryAsync(ForwarderDbContext database, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await database.Database.ExecuteSqlRawAsync(LockTimeout, cancellationToken);
        await database.Database.ExecuteSqlRawAsync(TakeHistory, cancellationToken);
    }
}
