using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Status;

/// <summary>The status of an integration as dispatch stored it.</summary>
/// <param name="Status">Headline; null if nothing has been sent yet.</param>
/// <param name="SetAside">Set-aside events that await a decision or a redrive.</param>
internal sealed record StoredStatus(
    string? Status, DateTimeOffset? Since, DateTimeOffset? LastAttemptAt, DateTimeOffset? LastSuccessAt, StatusError? LastError,
    DateTimeOffset? NextAttemptAt, string? Engine, long SetAside);

/// <summary>The events of one source that an integration has not delivered yet.</summary>
/// <param name="Count">Number of events.</param>
/// <param name="OldestAtMs">When the first of them happened, in milliseconds since 1970; null if it is no longer stored.</param>
internal readonly record struct SourceBacklog(long Count, long? OldestAtMs);

/// <summary>Computes the status of an integration from stored data: no I/O, no clock.</summary>
internal static class StatusRules
{
    /// <summary>The status as stored; a disabled or paused integration says so, and an enabled one whose pool has no live engine is in error whatever
    /// is stored.</summary>
    /// <param name="integration">The integration.</param>
    /// <param name="stored">What dispatch stored.</param>
    /// <param name="backlog">The undelivered events, by source.</param>
    /// <param name="hasEngine">Whether an engine of its pool is alive; only relevant if the integration should run.</param>
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

    /// <summary>Warnings beside the headline: what expires soon, and a credential that the destination rejects, which no expiry date reveals.</summary>
    /// <param name="ending">One sentence for each certificate or token that expires; null if none does.</param>
    /// <param name="told">The status.</param>
    public static IReadOnlyList<string>? Warn(IReadOnlyList<string>? ending, IntegrationStatusResponse told) =>
        told is { Status: "Error", LastError: { Category: nameof(ErrorCategory.Authentication) or nameof(ErrorCategory.Authorization), At: var at } }
            ? [.. ending ?? [], $"The destination rejects the credential, last on {UtcText.Minute(at)} UTC: it was revoked, has expired or lacks a permission. "
                + "Replace it; all events are kept."]
            : ending;

    private static DateTimeOffset? Oldest(IReadOnlyList<SourceBacklog> backlog) =>
        backlog.Min(source => source.OldestAtMs) is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;

    private static Acceptance? AcceptanceOf(Integration integration)
    {
        var kind = DestinationCatalog.Find(integration.Destination);
        return kind?.AcceptanceWith?.Invoke(IntegrationSettings.ReadKnown(integration.Definition).Settings) ?? kind?.Acceptance;
    }
}
