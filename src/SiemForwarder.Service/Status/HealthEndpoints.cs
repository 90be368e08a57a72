using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Status;

/// <summary>What a probe is told.</summary>
/// <param name="Status"><c>ready</c> or <c>not ready</c>.</param>
/// <param name="Database">What is wrong with the database; null where nothing is.</param>
public sealed record HealthResponse(string Status, string? Database);

/// <summary>Whether the process lives, and whether it can do its work.</summary>
internal static class HealthEndpoints
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(3);

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", () => TypedResults.Ok(new HealthResponse("ready", null))).WithTags("Health").WithName("GetLiveness")
            .WithSummary("Answers as long as the process runs.");
        routes.MapGet("/health/ready", Ready).WithTags("Health").WithName("GetReadiness")
            .WithSummary("200 where the database answers, else 503 with the reason; events wait meanwhile, none is lost.");
    }

    private static async Task<IResult> Ready(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Bound);
        try
        {
            await using var command = database.CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync(bound.Token);
            return TypedResults.Ok(new HealthResponse("ready", null));
        }
        catch (Exception exception) when (DatabaseFault.IsPassing(exception) || exception is OperationCanceledException)
        {
            var reason = exception is OperationCanceledException ? $"The database did not answer within {Bound.TotalSeconds:0} s." : exception.Message;
            return TypedResults.Json(new HealthResponse("not ready", reason), statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
