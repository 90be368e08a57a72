using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace SiemForwarder.Simulator;

/// <summary>The part of the admin REST API that is visible to a service account that reads events.</summary>
internal sealed class AdminEndpoints(KeycloakSimulator simulator)
{
    public Task AnswerAsync(HttpContext context, string? realmName, string[] rest)
    {
        var tier = simulator.Tier;
        if (simulator.Tokens.Find(context.Request.Headers.Authorization) is not { } token)
        {
            return ErrorAnswer.WriteAsync(tier, context, 401, "HTTP 401 Unauthorized");
        }

        if (realmName is not null && simulator.FindRealm(realmName) is null)
        {
            return ErrorAnswer.WriteAsync(tier, context, 404, "Realm not found.");
        }

        var realm = token.Realm;
        var known = Roles(token);
        var isAdmin = known.Count > 0 && (realmName is null || realmName == realm.Name);
        var mayReadEvents = isAdmin && (known.Contains("view-events") || known.Contains("manage-events"));
        return (rest, context.Request.Method) switch
        {
            (["serverinfo"], "GET") when isAdmin => ServerInfoAsync(context),
            ([], "GET") when isAdmin => RealmAsync(context, realm, known.Contains("view-realm")),
            (["events"], "GET") when mayReadEvents => new EventsEndpoint(simulator).AnswerAsync(context, realm.UserEvents),
            (["admin-events"], "GET") when mayReadEvents => new EventsEndpoint(simulator).AnswerAsync(context, realm.AdminEvents),
            (["events", "config"], "GET") when mayReadEvents => EventsConfigAsync(context, realm),
            (["users", var id], "GET") when isAdmin && known.Contains("view-users") => UserAsync(context, realm, id),
            (["events"], "DELETE") when isAdmin && known.Contains("manage-events") => ClearAsync(context, realm.UserEvents),
            (["admin-events"], "DELETE") when isAdmin && known.Contains("manage-events") => ClearAsync(context, realm.AdminEvents),
            ([] or ["events"] or ["admin-events"] or ["events", "config"] or ["serverinfo"] or ["users", _], "GET" or "DELETE") =>
                ErrorAnswer.WriteAsync(tier, context, 403, "HTTP 403 Forbidden"),
            _ => ErrorAnswer.WriteAsync(tier, context, 404, "HTTP 404 Not Found"),
        };
    }

    private List<string> Roles(IssuedToken token) =>

        // 26.7 also checks the current mappings; on 24.0 a token keeps its roles until it expires.
        simulator.Tier == SimulatedTier.WithIds
            ? [.. token.Roles.Intersect(token.Realm.Client.Roles)]
            : [.. token.Roles];

    private static Task ClearAsync(HttpContext context, SimulatedEvents events)
    {
        events.Clear();
        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    }

    private static Task RealmAsync(HttpContext context, SimulatedRealm realm, bool isFull)
    {
        var stripped = $$$"""{"realm":"{{{realm.Name}}}","displayName":"{{{realm.Name}}}","supportedLocales":[]""";
        var expiration = realm.AdminEventsExpirationSeconds == 0 ? "" : $"\"adminEventsExpiration\":\"{realm.AdminEventsExpirationSeconds}\"";
        return ErrorAnswer.WriteJsonAsync(
            context,
            200,
            isFull ? $$$"""{{{stripped}}},"id":"{{{realm.Id}}}","enabled":true,"adminEventsEnabled":{{{Json(realm.AdminEventsEnabled)}}},"attributes":{{{{expiration}}}}}""" : stripped + "}");
    }

    private Task UserAsync(HttpContext context, SimulatedRealm realm, string id) => realm.Users.TryGetValue(id, out var name)
        ? ErrorAnswer.WriteJsonAsync(context, 200, $$"""{"id":{{JsonSerializer.Serialize(id)}},"username":{{JsonSerializer.Serialize(name)}},"enabled":true}""")
        : ErrorAnswer.WriteAsync(simulator.Tier, context, 404, "User not found");

    private static Task EventsConfigAsync(HttpContext context, SimulatedRealm realm)
    {
        var expiration = realm.EventsExpirationSeconds == 0 ? "" : $"\"eventsExpiration\":{realm.EventsExpirationSeconds},";
        return ErrorAnswer.WriteJsonAsync(
            context,
            200,
            $$$"""{"eventsEnabled":{{{Json(realm.EventsEnabled)}}},{{{expiration}}}"eventsListeners":["jboss-logging"],"enabledEventTypes":{{{JsonSerializer.Serialize(realm.EnabledEventTypes)}}},"adminEventsEnabled":{{{Json(realm.AdminEventsEnabled)}}},"adminEventsDetailsEnabled":{{{Json(realm.AdminEventsDetailsEnabled)}}}}""");
    }

    private Task ServerInfoAsync(HttpContext context)
    {
        var types = simulator.Tier == SimulatedTier.WithIds
            ? SimulatedEventTypes.All
            : SimulatedEventTypes.All.Where(type => !type.StartsWith("VERIFIABLE", StringComparison.Ordinal));
        var system = simulator.Tier == SimulatedTier.WithIds ? "" : "\"systemInfo\":{\"version\":\"24.0.5\"},";
        return ErrorAnswer.WriteJsonAsync(context, 200,
            $$$"""{{{{system}}}"enums":{"eventType":{{{JsonSerializer.Serialize(types)}}},"operationType":["ACTION","CREATE","DELETE","UPDATE"]}}""");
    }

    private static string Json(bool value) => value ? "true" : "false";
}
