using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;

namespace SiemForwarder.Service.Keycloak.Checks;

/// <summary>What Keycloak stores of a realm's events, and for how long.</summary>
/// <param name="Off">Streams that are pulled but that Keycloak does not store: <c>user</c>, <c>admin</c>.</param>
/// <param name="UserExpirationSeconds">How long it keeps user events; null where it does not say, keeps them for ever, or they are not pulled.</param>
/// <param name="AdminExpirationSeconds">The same for admin events; only shown with the role view-realm.</param>
public sealed record AuditingState(IReadOnlyList<string> Off, long? UserExpirationSeconds, long? AdminExpirationSeconds)
{
    /// <summary>The shorter of the two.</summary>
    public long? ExpirationSeconds => new[] { UserExpirationSeconds, AdminExpirationSeconds }.Min();
}

/// <summary>Looks every minute whether Keycloak still stores what is to be pulled: switching that off is what an intruder does first, and
/// no event tells of it afterwards.</summary>
internal sealed class AuditingWatch(KeycloakSource source, KeycloakClient client)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);

    private long nextLookMs = long.MinValue;

    /// <summary>What was last seen; null before the first look, and where the client may not see it.</summary>
    public AuditingState? State { get; private set; }

    /// <summary>Looks if it is time; what cannot be read leaves the state as it was, polling itself says what is wrong.</summary>
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
        if (ReadOff(body) is not { } off)
        {
            return;
        }

        var user = source.Streams.Contains(EventStream.User) ? KeycloakExpiration.Find(body, isAdmin: false) : null;
        var admin = source.Streams.Contains(EventStream.Admin) ? await FindAdminExpirationAsync(cancellationToken) : null;
        State = new AuditingState(off, user > 0 ? user : null, admin > 0 ? admin : null);
    }

    private List<string>? ReadOff(KeycloakBody body)
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

            return off;
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

    private static bool IsOff(JsonElement config, string member) =>
        config.ValueKind == JsonValueKind.Object && config.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.False;
}
