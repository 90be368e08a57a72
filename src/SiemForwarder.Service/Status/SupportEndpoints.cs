using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Settings;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Status;

/// <summary>What a report of a fault should say of the process that answers.</summary>
/// <param name="Version">Version of the service.</param>
/// <param name="Runtime">Version of .NET.</param>
/// <param name="Database">Version of PostgreSQL; null if it does not answer.</param>
/// <param name="Engine">Name of this engine.</param>
/// <param name="Processors">Processors that it may use.</param>
/// <param name="MemoryBytes">Memory that it uses.</param>
/// <param name="MemoryLimitBytes">Memory that it may use.</param>
/// <param name="Settings">Settings of the process, without secrets.</param>
/// <param name="Log">The last entries of its log, at most 1,000, oldest first.</param>
public sealed record SupportResponse(
    string Version, string Runtime, string OperatingSystem, string? Database, string Engine, DateTimeOffset Now, int Processors,
    long MemoryBytes, long MemoryLimitBytes, IReadOnlyList<SettingInForce> Settings, IReadOnlyList<string> Log);

/// <summary>What a report of a fault needs to know of the process.</summary>
internal static class SupportEndpoints
{
    public static void MapSupport(this IEndpointRouteBuilder routes) => routes
        .MapGet("/api/v1/support", Get).WithTags("Status").WithName("GetSupport").Needs(Permission.ReadAudit)
        .WithSummary("Shows what a report of a fault needs of the process that answers: versions, settings without secrets, and the last entries of its log.");

    private static async Task<Ok<SupportResponse>> Get(
        SettingsInForce settings, RecentLog log, DatabaseConnections database, IOptions<EngineOptions> engine, TimeProvider time,
        CancellationToken cancellationToken) =>
        TypedResults.Ok(new SupportResponse(
            ServiceBuild.Version, RuntimeInformation.FrameworkDescription, RuntimeInformation.OSDescription,
            await FindDatabaseAsync(database, cancellationToken), engine.Value.Name, time.GetUtcNow(), Environment.ProcessorCount, Environment.WorkingSet,
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, settings.List(), log.Entries));

    private static async Task<string?> FindDatabaseAsync(DatabaseConnections database, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.Vital.OpenConnectionAsync(cancellationToken);
            return connection.ServerVersion;
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception))
        {
            return null;
        }
    }
}
