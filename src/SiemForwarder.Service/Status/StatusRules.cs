using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Status;

/// <summary>What dispatch stored of an integration.</summary>
/// <param name="Status">Headline; null where nothing was sent yet.</param>
/// <param name="SetAside">Events that wait for somebody's decision, or to be sent again.</param>
internal sealed record StoredStatus(
    string? Status, DateTimeOffset? Since, DateTimeOffset? LastAttemptAt, DateTimeOffset? LastSuccessAt, StatusError? LastError,
    DateTimeOffset? NextAttemptAt, string? Engine, long SetAside);

/// <summary>What an integration has not got yet of one source.</summary>
/// <param name="Count">Events.</param>
/// <param name="OldestAtMs">When the first of them happened, in milliseconds since 1970; null where it is not stored any more.</param>
internal readonly record struct SourceBacklog(long Count, long? OldestAtMs);

/// <summary>Tells the status of an integration from what is stored: no I/O, no clock.</summary>
internal static class StatusRules
{
    /// <summary>The status as stored; one that is disabled or paused says so, and an enabled one whose pool has no living engine is in error whatever was
    /// stored.</summary>
    /// <param name="integration">The integration.</param>
    /// <param name="stored">What dispatch stored.</param>
    /// <param name="backlog">What it has not got yet, by source.</param>
    /// <param name="hasEngine">Whether an engine of its pool is alive; only asked of one that is to run.</param>
    /// <param name="now">Now.</param>
    public static IntegrationStatusResponse Tell(
        Integration integration, StoredStatus stored, IReadOnlyList<SourceBacklog> backlog, bool hasEngine, DateTimeOffset now)
    {
        var told = new IntegrationStatusResponse(
            integration.Enabled ? stored.Status ?? "Not yet invoked" : "Disabled", stored.Since, stored.LastAttemptAt, stored.LastSuccessAt,
            AcceptanceText.Of(AcceptanceOf(integration)),
            stored.LastError, backlog.Sum(source => source.Count), Oldest(backlog), stored.SetAside, integration.Enabled ? stored.NextAttemptAt : null,
            stored.Engine);
        if (integration is { PausedAt: { } since, PausedBy: { } by })
        {
            return told with { Paused = new PauseStatus(since, by, integration.PauseReason), NextAttemptAt = null, Engine = null };
        }

        if (!integration.Enabled || hasEngine)
        {
            return told;
        }

        var message = $"No engine of the pool '{integration.EnginePool}' is alive, so nothing is sent; everything is kept. Start an engine with "
            + $"Forwarder__Engine__Pools__0={integration.EnginePool}, or move the integration to another pool.";
        return told with { Status = "Error", LastError = new StatusError(nameof(ErrorCategory.Configuration), message, now), Engine = null };
    }

    /// <summary>What stands beside the headline: what ends soon, and a credential that the other side refuses, which no date foretells.</summary>
    /// <param name="ending">A sentence for each thing that ends; null where nothing does.</param>
    /// <param name="told">The status.</param>
    public static IReadOnlyList<string>? Warn(IReadOnlyList<string>? ending, IntegrationStatusResponse told) =>
        told is { Status: "Error", LastError: { Category: nameof(ErrorCategory.Authentication) or nameof(ErrorCategory.Authorization), At: var at } }
            ? [.. ending ?? [], $"The destination refuses the credential, last on {UtcText.Minute(at)} UTC: it was revoked, has ended or lacks a right. "
                + "Give another one; everything is kept."]
            : ending;

    private static DateTimeOffset? Oldest(IReadOnlyList<SourceBacklog> backlog) =>
        backlog.Min(source => source.OldestAtMs) is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;

    private static Acceptance? AcceptanceOf(Integration integration)
    {
        var kind = DestinationCatalog.Find(integration.Destination);
        return kind?.AcceptanceWith?.Invoke(IntegrationSettings.ReadKnown(integration.Definition).Settings) ?? kind?.Acceptance;
    }
}
