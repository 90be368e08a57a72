using Npgsql;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Status;

/// <summary>What a probe is told.</summary>
/// <param name="Status"><c>ready</c> or <c>not ready</c>.</param>
/// <param name="Database">What is wrong with the database; null where nothing is.</param>
/// <param name="Loops">Work in the background that fails now, with what is wrong; null where all of it goes on.</param>
public sealed record HealthResponse(string Status, string? Database, IReadOnlyList<LoopResponse>? Loops = null);

/// <summary>Work in the background that fails now; it is tried again by itself.</summary>
/// <param name="Loop">What it does.</param>
/// <param name="Since">Since when it fails.</param>
/// <param name="Reason">What went wrong last.</param>
public sealed record LoopResponse(string Loop, DateTimeOffset Since, string Reason);

/// <summary>Whether the process lives, and whether it can do its work.</summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(3);

    // A pass that fails once is no outage.
    private static readonly TimeSpan FailingFor = TimeSpan.FromSeconds(10);

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", () => TypedResults.Ok(new HealthResponse("ready", null))).WithTags("Health").WithName("GetLiveness")
            .Open("Probes have no key; it says nothing but that the process runs.")
            .WithSummary("Answers as long as the process runs.");
        routes.MapGet("/health/ready", Ready).WithTags("Health").WithName("GetReadiness")
            .Open("Probes have no key; it tells whether the log can be written, and no setting.")
            .WithSummary("200 where the log can be written and all work goes on, else 503 with the reason; events wait meanwhile, none is lost.")
            .Produces<HealthResponse>().Produces<HealthResponse>(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> Ready(DatabaseConnections database, LoopGuard guard, TimeProvider time, CancellationToken cancellationToken)
    {
        var fault = await FindDatabaseFaultAsync(database, cancellationToken);
        List<LoopResponse> loops = [.. guard.Faults.Select(one => new LoopResponse(one.Loop, one.Since, one.Reason))];
        var isReady = fault is null && !loops.Exists(loop => time.GetUtcNow() - loop.Since >= FailingFor);
        return TypedResults.Json(
            new HealthResponse(isReady ? "ready" : "not ready", fault, loops.Count == 0 ? null : loops),
            statusCode: isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>Why the log cannot be written; null where it can. What is written is taken back, so it leaves nothing and syncs nothing.</summary>
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
                ? "The database takes no writes (read-only)." : DatabaseFault.Describe(exception);
        }
    }
}
