using Npgsql;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Status;

/// <summary>The response to a probe.</summary>
/// <param name="Status"><c>ready</c> or <c>not ready</c>.</param>
/// <param name="Database">What is wrong with the database; null if nothing is.</param>
/// <param name="Loops">Background loops that are failing or stalled; null if all of them run.</param>
public sealed record HealthResponse(string Status, string? Database, IReadOnlyList<LoopResponse>? Loops = null);

/// <summary>A background loop that is failing, which is retried automatically, or whose pass does not end.</summary>
/// <param name="Loop">What it does.</param>
/// <param name="Since">Since when it has been failing, or when its pass began.</param>
/// <param name="Reason">The last error, or how long the pass lasts.</param>
public sealed record LoopResponse(string Loop, DateTimeOffset Since, string Reason);

/// <summary>Liveness and readiness of the process.</summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(3);

    // A single failed pass is not an outage.
    private static readonly TimeSpan FailingFor = TimeSpan.FromSeconds(10);

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", () => TypedResults.Ok(new HealthResponse("ready", null))).WithTags("Health").WithName("GetLiveness")
            .Open("Probes have no key; the response only shows that the process runs.")
            .WithSummary("Succeeds as long as the process runs.");
        routes.MapGet("/health/ready", Ready).WithTags("Health").WithName("GetReadiness")
            .Open("Probes have no key; the response shows whether the log can be written, and no settings.")
            .WithSummary("Returns 200 while the event log can be written and all loops run, otherwise 503 with the reason. No event is lost meanwhile.")
            .Produces<HealthResponse>().Produces<HealthResponse>(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> Ready(DatabaseConnections database, LoopGuard guard, TimeProvider time, CancellationToken cancellationToken)
    {
        var fault = await FindDatabaseFaultAsync(database, cancellationToken);
        var stalled = guard.Stalled;
        List<LoopResponse> loops = [.. guard.Faults.Concat(stalled).Select(one => new LoopResponse(one.Loop, one.Since, one.Reason))];
        var isReady = fault is null && stalled.Count == 0 && !loops.Exists(loop => time.GetUtcNow() - loop.Since >= FailingFor);
        return TypedResults.Json(
            new HealthResponse(isReady ? "ready" : "not ready", fault, loops.Count == 0 ? null : loops),
            statusCode: isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>Why the event log cannot be written; null if it can. The test write is rolled back, so it leaves nothing and syncs nothing.</summary>
    private static async Task<string?> FindDatabaseFaultAsync(DatabaseConnections database, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Bound);
        try
        {
            await using var connection = await database.Vital.OpenConnectionAsync(bound.Token);
            await using var transaction = await connection.BeginTransactionAsync(bound.Token);
            await using var write = new NpgsqlCommand(LogTables.TryWrite, connection, transaction);
            await write.ExecuteNonQueryAsync(bound.Token);
            await transaction.RollbackAsync(bound.Token);
            return null;
        }
        catch (OperationCanceledException)
        {
            return $"The database did not answer within {Bound.TotalSeconds:0} s.";
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception))
        {
            database.Suspect(exception);
            return exception is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction }
                ? "The database is read-only." : DatabaseFault.Describe(exception);
        }
    }
}
