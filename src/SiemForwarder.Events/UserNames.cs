using System.Text.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events;

/// <summary>Names of users that admin events give by id alone, as the server told them when the events were stored.</summary>
public sealed class UserNames
{
    private readonly Dictionary<string, string> names = [];

    /// <summary>How many names are known.</summary>
    public int Count => names.Count;

    /// <summary>The name of a user; null where it is not known.</summary>
    /// <param name="realmId">Id of the realm that the user belongs to, as events carry it.</param>
    /// <param name="userId">Id of the user.</param>
    public string? Find(string? realmId, string? userId) => userId is null ? null : names.GetValueOrDefault(KeyOf(realmId, userId));

    public void Add(string? realmId, string userId, string name) => names[KeyOf(realmId, userId)] = name;

    /// <summary>Takes the names of another page; its own win where both have one.</summary>
    public void AddMissing(UserNames others)
    {
        foreach (var (key, name) in others.names)
        {
            names.TryAdd(key, name);
        }
    }

    /// <summary>One JSON object in ASCII, <c>{"realm id/user id":"name"}</c>; it is never to be cut.</summary>
    public string ToJson() => JsonSerializer.Serialize(names);

    /// <summary>The names of <see cref="ToJson"/>; text that is damaged holds none, so that it keeps no event back.</summary>
    public static UserNames Parse(string json)
    {
        var parsed = new UserNames();
        try
        {
            foreach (var (key, name) in JsonSerializer.Deserialize<Dictionary<string, string>>(json) ?? [])
            {
                parsed.names[key] = name;
            }
        }
        catch (JsonException)
        {
            return new UserNames();
        }

        return parsed;
    }

    /// <summary>The users of an admin event's own realm whom it gives by id alone: who acted, and on whom.</summary>
    /// <param name="json">The event as Keycloak sent it; what cannot be read names nobody.</param>
    public static IEnumerable<(string RealmId, string UserId)> FindUnnamed(ReadOnlySpan<byte> json)
    {
        var adminEvent = new KeycloakEvent();
        try
        {
            KeycloakEvent.Read(json, KeycloakEventShape.Admin, ref adminEvent);
        }
        catch (JsonException)
        {
            return [];
        }

        return AdminEventMapping.FindUnnamedUsers(adminEvent);
    }

    private static string KeyOf(string? realmId, string userId) => $"{realmId}/{userId}";
}
