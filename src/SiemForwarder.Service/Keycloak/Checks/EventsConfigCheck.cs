using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;

namespace SiemForwarder.Service.Keycloak.Checks;

/// <summary>Checks which events the realm stores and for how long: events that Keycloak does not store cannot be polled.</summary>
internal sealed class EventsConfigCheck(KeycloakSource source, KeycloakClient client, List<SourceCheckItem> items)
{
    private const int MinSeconds = 24 * 3600;
    private const string UserSettings = "Realm settings → Events → User events settings";
    private const string AdminSettings = "Realm settings → Events → Admin events settings";

    // A stream that is not stored is missing; if none is stored, nothing can be polled at all.
    private SourceCheckResult nothing;

    public async Task RunAsync(IReadOnlyCollection<string> recommendedTypes, CancellationToken cancellationToken)
    {
        var answer = await client.GetEventsConfigAsync(cancellationToken);
        if (answer is KeycloakAnswer.Failed failed)
        {
            items.Add(new SourceCheckItem(
                SourceCheckName.LoginEvents, SourceCheckResult.Warning, failed.Failure.What, "Check Realm settings → Events manually."));
            return;
        }

        using var body = ((KeycloakAnswer.Content)answer).Body;
        try
        {
            using var config = JsonDocument.Parse(body.Bytes);
            nothing = source.Streams.All(stream => !IsOn(config.RootElement, stream == EventStream.Admin ? "adminEventsEnabled" : "eventsEnabled"))
                ? SourceCheckResult.Failed
                : SourceCheckResult.Warning;
            await CheckAsync(config.RootElement, body, recommendedTypes, cancellationToken);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            items.RemoveAll(item => item.Name == SourceCheckName.LoginEvents);
            items.Add(new SourceCheckItem(
                SourceCheckName.LoginEvents, SourceCheckResult.Warning, "Keycloak's response about the event settings of this realm cannot be parsed.",
                "Check Realm settings → Events manually, and whether a proxy in front of Keycloak responds instead."));
        }
    }

    private async Task CheckAsync(
        JsonElement config, KeycloakBody body, IReadOnlyCollection<string> recommendedTypes, CancellationToken cancellationToken)
    {
        if (source.Streams.Contains(EventStream.User))
        {
            await CheckUserAsync(config, KeycloakExpiration.Find(body, isAdmin: false), recommendedTypes, cancellationToken);
        }
        else
        {
            Skip("Login events are not polled from this source.", SourceCheckName.LoginEvents, SourceCheckName.EventTypes, SourceCheckName.LoginExpiration);
        }

        if (source.Streams.Contains(EventStream.Admin))
        {
            await CheckAdminAsync(config, cancellationToken);
        }
        else
        {
            Skip("Admin events are not polled from this source.", SourceCheckName.AdminEvents, SourceCheckName.Representation, SourceCheckName.AdminExpiration,
                SourceCheckName.UserNames);
        }
    }

    private async Task CheckUserAsync(
        JsonElement config, long? loginSeconds, IReadOnlyCollection<string> recommendedTypes, CancellationToken cancellationToken)
    {
        if (!IsOn(config, "eventsEnabled"))
        {
            items.Add(new SourceCheckItem(
                SourceCheckName.LoginEvents, nothing, "Keycloak stores no login events of this realm.",
                $"In the admin console: {UserSettings} → switch on Save events."));
        }
        else
        {
            items.Add(new SourceCheckItem(SourceCheckName.LoginEvents, SourceCheckResult.Ok, "Keycloak stores login events."));
        }

        var stored = config.TryGetProperty("enabledEventTypes", out var types) ? types.EnumerateArray().Select(type => type.GetString()!).ToHashSet() : [];
        var known = await KnownTypesAsync(cancellationToken);
        var missing = recommendedTypes.Where(type => !stored.Contains(type) && (known is null || known.Contains(type))).Order(StringComparer.Ordinal).ToList();
        items.Add(missing.Count == 0
            ? new SourceCheckItem(SourceCheckName.EventTypes, SourceCheckResult.Ok, $"All recommended types are stored ({stored.Count} in all).")
            : new SourceCheckItem(
                SourceCheckName.EventTypes,
                SourceCheckResult.Warning,
                $"{missing.Count} recommended types are not stored: {string.Join(", ", missing)}.",
                $"In the admin console: {UserSettings} → Add saved types → select them → Add. A list saved before an upgrade does not include the types that "
                    + "were added by it."));
        items.Add(Expiration(SourceCheckName.LoginExpiration, loginSeconds ?? 0, $"{UserSettings} → Expiration"));
    }

    private async Task CheckAdminAsync(JsonElement config, CancellationToken cancellationToken)
    {
        items.Add(IsOn(config, "adminEventsEnabled")
            ? new SourceCheckItem(SourceCheckName.AdminEvents, SourceCheckResult.Ok, "Keycloak stores admin events.")
            : new SourceCheckItem(
                SourceCheckName.AdminEvents, nothing, "Keycloak stores no admin events of this realm.",
                $"In the admin console: {AdminSettings} → switch on Save events."));
        items.Add(IsOn(config, "adminEventsDetailsEnabled")
            ? new SourceCheckItem(SourceCheckName.Representation, SourceCheckResult.Ok, "Admin events include the representation that was sent.")
            : new SourceCheckItem(
                SourceCheckName.Representation,
                SourceCheckResult.Warning,
                "Admin events show which resource was changed, but not how.",
                $"In the admin console: {AdminSettings} → switch on Include representation. Secrets in it are masked before anything is forwarded."));
        items.Add(UserNames());
        var answer = await client.GetRealmAsync(cancellationToken);
        if (answer is KeycloakAnswer.Content json)
        {
            using var body = json.Body;
            if (KeycloakExpiration.Find(body, isAdmin: true) is { } seconds)
            {
                items.Add(Expiration(SourceCheckName.AdminExpiration, seconds, $"{AdminSettings} → Expiration"));
                return;
            }
        }

        items.Add(new SourceCheckItem(
            SourceCheckName.AdminExpiration,
            SourceCheckResult.Skipped,
            "How long Keycloak keeps admin events is only shown with the role view-realm.",
            $"Optional: Clients → {source.ClientId} → Service accounts roles → Assign role → Filter by clients → view-realm of realm-management."));
    }

    private SourceCheckItem UserNames() => client.Token.Claims is not { } claims || !claims.MayReadEvents(source.Realm)
        ? new SourceCheckItem(
            SourceCheckName.UserNames, SourceCheckResult.Skipped, "The access token does not show whether the service account may view users.")
        : claims.MayViewUsers(source.Realm)
            ? new SourceCheckItem(SourceCheckName.UserNames, SourceCheckResult.Ok, "Admin events name the actor and the affected user within this realm.")
            : new SourceCheckItem(
                SourceCheckName.UserNames,
                SourceCheckResult.Skipped,
                "Admin events identify users only by id, because the service account may not view users.",
                $"Optional: Clients → {source.ClientId} → Service accounts roles → Assign role → Filter by clients → view-users of realm-management.");

    private async Task<HashSet<string>?> KnownTypesAsync(CancellationToken cancellationToken)
    {
        var answer = await client.GetServerInfoAsync(cancellationToken);
        if (answer is not KeycloakAnswer.Content json)
        {
            return null;
        }

        using var body = json.Body;
        using var info = JsonDocument.Parse(body.Bytes);
        return info.RootElement.TryGetProperty("enums", out var enums) && enums.TryGetProperty("eventType", out var types)
            ? [.. types.EnumerateArray().Select(type => type.GetString()!)]
            : null;
    }

    private static SourceCheckItem Expiration(string name, long seconds, string where) => seconds switch
    {
        0 => new SourceCheckItem(name, SourceCheckResult.Ok, "Keycloak keeps them forever."),
        < MinSeconds => new SourceCheckItem(
            name,
            SourceCheckResult.Warning,
            $"Keycloak deletes them after {TimeSpan.FromSeconds(seconds)}; an outage longer than that loses events.",
            $"In the admin console: {where} → at least 1 day, better 7."),
        _ => new SourceCheckItem(name, SourceCheckResult.Ok, $"Keycloak keeps them for {TimeSpan.FromSeconds(seconds).TotalDays:0.#} days."),
    };

    private void Skip(string why, params string[] names) => items.AddRange(names.Select(name => new SourceCheckItem(name, SourceCheckResult.Skipped, why)));

    private static bool IsOn(JsonElement config, string member) => config.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.True;
}
