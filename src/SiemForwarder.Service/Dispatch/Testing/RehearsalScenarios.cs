using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Events;

namespace SiemForwarder.Service.Dispatch.Testing;

/// <summary>An event of a rehearsal as Keycloak would send it.</summary>
/// <param name="Id">Id of the event.</param>
/// <param name="AtMs">When it claims to have happened, in milliseconds since 1970.</param>
/// <param name="Json">What Keycloak would send.</param>
/// <param name="TypeName">The type that it gets.</param>
internal sealed record RehearsedEvent(EventStream Stream, string Id, long AtMs, byte[] Json, string TypeName);

/// <summary>An attack that a rehearsal pretends.</summary>
/// <param name="Name">Its stable name.</param>
/// <param name="Description">What it pretends, in one sentence.</param>
/// <param name="Play">Writes its events, oldest first.</param>
internal sealed record RehearsalScenario(string Name, string Description, Action<RehearsalScript> Play);

/// <summary>The attacks that a rehearsal can pretend: enough of each for the usual thresholds of SIEM rules.</summary>
internal static class RehearsalScenarios
{
    private const string Alice = "alice";
    private const string Mallory = "mallory";

    /// <summary>All of them, in the order in which they are listed.</summary>
    public static IReadOnlyList<RehearsalScenario> All { get; } =
    [
        new("brute-force", "20 wrong passwords for one user from one address within a minute.", script => script.Fail(20, _ => Alice)),
        new("brute-force-success", "20 wrong passwords for one user from one address within a minute, then a login.", script =>
        {
            script.Fail(20, _ => Alice);
            script.LogIn(Alice);
        }),
        new("password-spray", "A wrong password for each of 20 users from one address within a minute.", script => script.Fail(20, number => $"user{number}")),
        new("role-granted", "An administrator gives a user the realm role 'admin'.", script => script.GrantAdmin(Alice)),
        new("auditing-off", "An administrator switches off the storing of user and admin events.", script => script.Admin(
            "UPDATE", "REALM", "events/config",
            new JsonObject { ["eventsEnabled"] = false, ["adminEventsEnabled"] = false, ["adminEventsDetailsEnabled"] = false })),
        new("user-impersonated", "An administrator takes over the session of a user.", script => script.Impersonate(Alice)),
        new("new-admin", "An account is created, gets the realm role 'admin' and logs in.", script =>
        {
            script.Admin(
                "CREATE", "USER", $"users/{script.IdOf(Mallory)}",
                new JsonObject { ["username"] = RehearsalScript.NameOf(Mallory), ["enabled"] = true });
            script.GrantAdmin(Mallory);
            script.LogIn(Mallory);
        }),
    ];

    /// <summary>The scenario of a name; null if there is none.</summary>
    public static RehearsalScenario? Find(string? name) => All.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
}

/// <summary>Writes the events of one rehearsal, every one of them marked: a detail, names with a prefix, addresses for documentation (RFC 5737).</summary>
/// <param name="id">Id of the rehearsal.</param>
/// <param name="realm">Name of the realm that they claim to be of.</param>
/// <param name="end">When the last of them claims to have happened.</param>
internal sealed class RehearsalScript(Guid id, string realm, DateTimeOffset end)
{
    private const string Root = "admin";
    private const string Attacker = "192.0.2.66";
    private const string Office = "192.0.2.10";
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(2);

    private readonly List<(EventStream Stream, string Type, JsonObject Json)> written = [];
    private readonly Dictionary<string, Guid> users = [];

    /// <summary>The events in order, two seconds apart.</summary>
    public IReadOnlyList<RehearsedEvent> Events => [.. written.Select((one, index) =>
    {
        var at = (end - (Step * (written.Count - 1 - index))).ToUnixTimeMilliseconds();
        var eventId = Guid.CreateVersion7(end).ToString("D");
        var json = new JsonObject { ["id"] = eventId, ["time"] = at };
        foreach (var (name, value) in one.Json)
        {
            json[name] = value?.DeepClone();
        }

        return new RehearsedEvent(one.Stream, eventId, at, JsonSerializer.SerializeToUtf8Bytes(json), one.Type);
    })];

    /// <summary>The marked name of a user.</summary>
    public static string NameOf(string user) => RehearsalMark.UserPrefix + user;

    /// <summary>The id of a user, the same throughout a rehearsal.</summary>
    public Guid IdOf(string user) => users.TryGetValue(user, out var known) ? known : users[user] = Guid.CreateVersion7(end);

    /// <summary>Wrong passwords, one after the other.</summary>
    public void Fail(int count, Func<int, string> user)
    {
        for (var number = 1; number <= count; number++)
        {
            User("LOGIN_ERROR", user(number), Attacker, "invalid_user_credentials");
        }
    }

    public void LogIn(string user) => User("LOGIN", user, Attacker, null);

    public void GrantAdmin(string user) => Admin(
        "CREATE", "REALM_ROLE_MAPPING", $"users/{IdOf(user)}/role-mappings/realm",
        new JsonArray(new JsonObject { ["id"] = IdOf("role").ToString(), ["name"] = "admin", ["composite"] = true, ["clientRole"] = false }),
        ("username", NameOf(user)));

    /// <summary>Both events that Keycloak stores of it.</summary>
    public void Impersonate(string user)
    {
        Admin("ACTION", "USER", $"users/{IdOf(user)}/impersonation", null, ("username", NameOf(user)));
        User("IMPERSONATE", user, Office, null, ("impersonator", NameOf(Root)), ("impersonator_realm", realm));
    }

    public void Admin(string operation, string resourceType, string path, JsonNode? representation, params (string Name, string Value)[] details)
    {
        var json = new JsonObject
        {
            ["realmId"] = realm,
            ["authDetails"] = new JsonObject
            {
                ["realmId"] = realm, ["clientId"] = IdOf("console").ToString(), ["userId"] = IdOf(Root).ToString(), ["username"] = NameOf(Root),
                ["ipAddress"] = Office,
            },
            ["operationType"] = operation, ["resourceType"] = resourceType, ["resourcePath"] = path, ["details"] = Marked(details),
        };
        if (representation is not null)
        {
            json["representation"] = representation.ToJsonString();
        }

        written.Add((EventStream.Admin, $"{operation}-{resourceType}", json));
    }

    private void User(string type, string user, string address, string? error, params (string Name, string Value)[] details)
    {
        var json = new JsonObject
        {
            ["type"] = type, ["realmId"] = realm, ["clientId"] = NameOf("app"), ["userId"] = IdOf(user).ToString(), ["ipAddress"] = address,
            ["details"] = Marked([("username", NameOf(user)), ("auth_method", "openid-connect"), .. details]),
        };
        if (error is not null)
        {
            json["error"] = error;
        }
        else
        {
            json["sessionId"] = IdOf($"session of {user}").ToString();
        }

        written.Add((EventStream.User, type, json));
    }

    private JsonObject Marked(params (string Name, string Value)[] details)
    {
        var marked = new JsonObject { [RehearsalMark.Detail] = "true", [RehearsalMark.IdDetail] = id.ToString("D") };
        foreach (var (name, value) in details)
        {
            marked[name] = value;
        }

        return marked;
    }
}
