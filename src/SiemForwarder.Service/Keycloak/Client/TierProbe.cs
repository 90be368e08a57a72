using System.Text.Json.Serialization;
using SiemForwarder.Connections;
using SiemForwarder.Events;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Detects the generation of the events API without knowing the version, by two queries that each generation treats differently.</summary>
internal static class TierProbe
{
    /// <summary>Probes the server; returns the tier, or why it could not be determined.</summary>
    public static async Task<(ApiTier? Tier, PollFailure? Failure)> RunAsync(
        KeycloakClient client, KeycloakSource source, EventStream stream, CancellationToken cancellationToken)
    {
        var (tier, failure) = await CompareAsync(
            client, new EventQuery(stream, 1) { Direction = "__probe__" }, new EventQuery(stream, 1) { From = "1" }, cancellationToken);
        if (tier is null && failure is null)
        {
            // An unreadable row causes a 400 too, so the same queries are repeated without rows.
            (tier, failure) = await CompareAsync(
                client, new EventQuery(stream, 0) { Direction = "__probe__" }, new EventQuery(stream, 1) { From = "1", To = "1" }, cancellationToken);
        }

        return tier is null && failure is null
            ? (null, new PollFailure(
                ErrorCategory.ServerError,
                $"{ConnectionFaults.Of(source)} responds to the events API in a way that matches no version of Keycloak.",
                "Check that no proxy rewrites queries, and check Keycloak's log."))
            : (tier, failure);
    }

    private static async Task<(ApiTier? Tier, PollFailure? Failure)> CompareAsync(
        KeycloakClient client, EventQuery direction, EventQuery epoch, CancellationToken cancellationToken)
    {
        var (refusesDirection, failure) = await RefusesAsync(client, direction, cancellationToken);
        if (failure is not null)
        {
            return (null, failure);
        }

        var (refusesEpoch, secondFailure) = await RefusesAsync(client, epoch, cancellationToken);
        return (secondFailure, refusesDirection, refusesEpoch) switch
        {
            (not null, _, _) => (null, secondFailure),
            (null, true, false) => (ApiTier.WithIds, null),
            (null, false, true) => (ApiTier.WithoutIds, null),
            _ => (null, null),
        };
    }

    private static async Task<(bool Refuses, PollFailure? Failure)> RefusesAsync(KeycloakClient client, EventQuery query, CancellationToken cancellationToken)
    {
        var answer = await client.GetEventsAsync(query, KeycloakClient.MaxPageBytes, cancellationToken);
        if (answer is KeycloakAnswer.Content json)
        {
            json.Body.Dispose();
            return (false, null);
        }

        var failed = (KeycloakAnswer.Failed)answer;
        return failed is { Status: 400, Failure.Suspect: PageSuspicion.UnreadableRow } ? (true, null) : (false, failed.Failure);
    }
}

/// <summary>The generation of the events API of a server.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ApiTier>))]
public enum ApiTier
{
    /// <summary>Keycloak 26.2 and newer: event ids, ascending order, bounds in epoch milliseconds.</summary>
    WithIds,

    /// <summary>Older: no ids, newest first only, bounds as days in the server's time zone.</summary>
    WithoutIds,
}
