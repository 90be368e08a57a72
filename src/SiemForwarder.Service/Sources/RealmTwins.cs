using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Sources;

/// <summary>Rejects a source whose realm another source already reads, unless duplicates are allowed: every event would be forwarded twice.</summary>
/// <remarks>A server that does not respond does not prevent saving; it is checked again when it is first polled, and an alarm is raised.</remarks>
internal sealed class RealmTwins(RealmIdentities identities, EgressPolicy egress, TimeProvider time)
{
    /// <summary>Asks the server for its identity; returns a refusal if another source reads that realm.</summary>
    /// <param name="sourceId">The changed source; 0 for a new one.</param>
    /// <param name="before">Its previous settings; null for a new one.</param>
    /// <param name="valid">The settings to save.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public async Task<(RealmIdentity? Identity, ProblemHttpResult? Refusal)> LookAsync(
        int sourceId, KeycloakDefinition? before, ValidSource valid, CancellationToken cancellationToken)
    {
        if (valid.Definition.Keycloak is not { } keycloak || (before?.BaseUrl, before?.Realm, before?.AllowDuplicate)
            == (keycloak.BaseUrl, keycloak.Realm, keycloak.AllowDuplicate))
        {
            return (null, null);
        }

        var identity = await RealmIdentityReader.ReadAsync(ToKeycloak(valid, sourceId), time, cancellationToken);
        var twins = keycloak.AllowDuplicate ? [] : await identities.FindTwinsAsync(sourceId, keycloak, identity, cancellationToken);
        return twins.Count == 0 ? (identity, null) : (identity, TypedResults.Problem(new HttpValidationProblemDetails(
            new Dictionary<string, string[]> { ["keycloak.allowDuplicate"] = ["Set it to true if two sources should read the same realm."] })
        {
            Status = StatusCodes.Status409Conflict,
            Title = "Realm already in use",
            Detail = $"The realm '{keycloak.Realm}' of this server is already read by {string.Join(", ", twins.Select(name => $"'{name}'"))}; "
                + "every event would be forwarded twice.",
        }));
    }

    /// <summary>Stores the identity of the server.</summary>
    public Task KeepAsync(Source source, RealmIdentity? identity, CancellationToken cancellationToken) =>
        identity is not null && SourceDefinition.Read(source.Definition, out _) is { Keycloak: not null } definition
            ? identities.SaveAsync(source.Id, definition.ToKeycloak(source, new Dictionary<string, Secret>(), egress), identity, cancellationToken)
            : Task.CompletedTask;

    private KeycloakSource ToKeycloak(ValidSource valid, int id) => valid.Definition.ToKeycloak(
        new Source { Id = id, Name = valid.Name, Kind = valid.Kind, Definition = string.Empty }, valid.Secrets, egress);
}
