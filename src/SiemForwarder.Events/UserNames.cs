using System.Text.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events;

/// <summary>Names of users that admin events identify only by id, as reported by the server when the events were stored.</summary>
public sealed class UserNames
{
    private readonly Dictionary<string, string> names = [];

    /// <summary>Number of known names.</summary>
    public int Count => names.Count;

    /// <summary>The name of a user; null if unknown.</summary>
    /// <param name="realmId">Id of the realm that the user belongs to, as events carry it.</param>
    /// <param name="userId">Id of the user.</param>
    public string? Find(string? realmId, string? userId) => userId is null ? null : names.GetValueOrDefault(KeyOf(realmId, userId));

    public void Add(string? realmId, string userId, string name) => names[KeyOf(realmId, userId)] = name;

    /// <summary>Adds the names of another page; existing names take precedence.</summary>
    public void AddMissing(UserNames others)
    {
        foreach (var (key, name) in others.names)
        {
            names.TryAdd(key, name);
        }
    }

    /// <summary>One JSON object in ASCII, <c>{"realm id/user id":"name"}</c>; it must never be cut.</summary>
    public string ToJson() => JsonSerializer.Serialize(names);

    /// <summary>Parses the names from <see cref="ToJson"/>; damaged text yields none, so that it does not hold back any event.</summary>
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

    /// <summary>The users in an admin event's own realm that it identifies only by id: who acted, and on whom.</summary>
    /// <param name="json">The event as sent by Keycloak; unreadable events name nobody.</param>
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
