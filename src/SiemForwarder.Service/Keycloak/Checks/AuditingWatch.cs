using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;

namespace SiemForwarder.Service.Keycloak.Checks;

/// <summary>Which events of a realm Keycloak stores, and for how long.</summary>
/// <param name="Off">Polled streams that Keycloak does not store: <c>user</c>, <c>admin</c>.</param>
/// <param name="UserExpirationSeconds">How long it keeps user events; null if it does not say, keeps them forever, or they are not polled.</param>
/// <param name="AdminExpirationSeconds">How long it keeps admin events; only shown with the role view-realm.</param>
public sealed record AuditingState(IReadOnlyList<string> Off, long? UserExpirationSeconds, long? AdminExpirationSeconds)
{
    /// <summary>Types of user events that it stores; null if it does not say.</summary>
    public IReadOnlyList<string>? StoredTypes { get; init; }

    /// <summary>Whether it stores the representation with admin events; null if it does not say.</summary>
    public bool? StoresRepresentation { get; init; }

    /// <summary>The shorter of the two.</summary>
    public long? ExpirationSeconds => new[] { UserExpirationSeconds, AdminExpirationSeconds }.Min();
}

/// <summary>Checks every minute whether Keycloak still stores the polled events: an intruder switches that off first, and
/// no later event reveals it.</summary>
internal sealed class AuditingWatch(KeycloakSource source, KeycloakClient client)
{
    private const string Representation = "adminEventsDetailsEnabled";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);

    private long nextLookMs = long.MinValue;

    /// <summary>The last observed state; null before the first check, or if the client may not see it.</summary>
    public AuditingState? State { get; private set; }

    /// <summary>Checks if it is due; a failed read leaves the state unchanged, since polling itself reports errors.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        if (client.Clock.LocalMs < nextLookMs)
        {
            return;
        }

        nextLookMs = client.Clock.LocalMs + (long)Interval.TotalMilliseconds;
        var answer = await client.GetEventsConfigAsync(cancellationToken);
        if (answer is not KeycloakAnswer.Content json)
        {
            return;
        }

        using var body = json.Body;
        if (ReadConfig(body) is not { } config)
        {
            return;
        }

        var user = source.Streams.Contains(EventStream.User) ? KeycloakExpiration.Find(body, isAdmin: false) : null;
        var admin = source.Streams.Contains(EventStream.Admin) ? await FindAdminExpirationAsync(cancellationToken) : null;
        State = config with { UserExpirationSeconds = user > 0 ? user : null, AdminExpirationSeconds = admin > 0 ? admin : null };
    }

    private AuditingState? ReadConfig(KeycloakBody body)
    {
        try
        {
            using var config = JsonDocument.Parse(body.Bytes);
            var off = new List<string>();
            if (source.Streams.Contains(EventStream.User) && IsOff(config.RootElement, "eventsEnabled"))
            {
                off.Add("user");
            }

            if (source.Streams.Contains(EventStream.Admin) && IsOff(config.RootElement, "adminEventsEnabled"))
            {
                off.Add("admin");
            }

            return new AuditingState(off, null, null)
            {
                StoredTypes = TypesIn(config.RootElement),
                StoresRepresentation = IsOff(config.RootElement, Representation) ? false : Has(config.RootElement, Representation) ? true : null,
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task<long?> FindAdminExpirationAsync(CancellationToken cancellationToken)
    {
        var answer = await client.GetRealmAsync(cancellationToken);
        if (answer is not KeycloakAnswer.Content json)
        {
            return null;
        }

        using var body = json.Body;
        return KeycloakExpiration.Find(body, isAdmin: true);
    }

    private static bool Has(JsonElement config, string member) => config.ValueKind == JsonValueKind.Object && config.TryGetProperty(member, out _);

    private static List<string>? TypesIn(JsonElement config) =>
        config.ValueKind == JsonValueKind.Object && config.TryGetProperty("enabledEventTypes", out var types) && types.ValueKind == JsonValueKind.Array
            ? [.. types.EnumerateArray().Where(type => type.ValueKind == JsonValueKind.String).Select(type => type.GetString()!)]
            : null;

    private static bool IsOff(JsonElement config, string member) =>
        config.ValueKind == JsonValueKind.Object && config.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.False;
}
