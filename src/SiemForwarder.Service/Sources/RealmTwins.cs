using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Sources;

/// <summary>Refuses a source of a realm that another one reads already, unless it is meant: every event would be forwarded twice.</summary>
/// <remarks>A server that does not answer keeps nobody from saving; it is looked at again when it is first read, and an alarm tells.</remarks>
internal sealed class RealmTwins(RealmIdentities identities, EgressPolicy egress, TimeProvider time)
{
    /// <summary>Asks the server who it is; the refusal where another source reads that realm.</summary>
    /// <param name="sourceId">The source that is changed; 0 for a new one.</param>
    /// <param name="before">Its settings before; null for a new one.</param>
    /// <param name="valid">What is to be saved.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
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
            new Dictionary<string, string[]> { ["keycloak.allowDuplicate"] = ["Set it where it is meant that two sources read one realm."] })
        {
            Status = StatusCodes.Status409Conflict,
            Title = "Realm is read already",
            Detail = $"The realm '{keycloak.Realm}' of this server is read by {string.Join(", ", twins.Select(name => $"'{name}'"))} already; "
                + "every event would be forwarded twice.",
        }));
    }

    /// <summary>Keeps who the server said it is.</summary>
    public Task KeepAsync(Source source, RealmIdentity? identity, CancellationToken cancellationToken) =>
        identity is not null && SourceDefinition.Read(source.Definition, out _) is { Keycloak: not null } definition
            ? identities.SaveAsync(source.Id, definition.ToKeycloak(source, new Dictionary<string, Secret>(), egress), identity, cancellationToken)
            : Task.CompletedTask;

    private KeycloakSource ToKeycloak(ValidSource valid, int id) => valid.Definition.ToKeycloak(
        new Source { Id = id, Name = valid.Name, Kind = valid.Kind, Definition = string.Empty }, valid.Secrets, egress);
}
