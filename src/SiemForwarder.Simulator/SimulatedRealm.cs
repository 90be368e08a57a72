using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SiemForwarder.Simulator;

/// <summary>A realm of the simulated server: its settings, its client and its stored events.</summary>
public sealed class SimulatedRealm
{
    private readonly Func<long> now;

    internal SimulatedRealm(string name, Func<long> now)
    {
        Name = name;
        this.now = now;
        UserEvents = new SimulatedEvents(now);
        AdminEvents = new SimulatedEvents(now);
    }

    public string Name { get; }

    /// <summary>The realm's internal id, as contained in events.</summary>
    public string Id { get; } = "3f6c1f2e-5b0e-4d6b-9a0e-2f6f4b1c7d10";

    public bool Enabled { get; set; } = true;

    public SimulatedClient Client { get; } = new();

    public SimulatedEvents UserEvents { get; }

    public SimulatedEvents AdminEvents { get; }

    /// <summary>Whether each token creates a CLIENT_LOGIN event, as in Keycloak.</summary>
    public bool RecordsTokens { get; set; } = true;

    public bool EventsEnabled { get; set; } = true;

    public bool AdminEventsEnabled { get; set; } = true;

    public bool AdminEventsDetailsEnabled { get; set; } = true;

    /// <summary>Seconds until login events are deleted; 0 for never.</summary>
    public long EventsExpirationSeconds { get; set; }

    /// <summary>Seconds until admin events are deleted; 0 for never. Visible only to clients with <c>view-realm</c>.</summary>
    public long AdminEventsExpirationSeconds { get; set; }

    public IReadOnlyList<string> EnabledEventTypes { get; set; } = SimulatedEventTypes.All;

    /// <summary>Id of the user who caused the admin events.</summary>
    public const string AdminId = "6a1b2c3d-0001-4000-8000-0000000000ad";

    /// <summary>The id of a user: unique per name, and always the same.</summary>
    public static string UserId(string username) =>
        $"6a1b2c3d-0001-4000-8000-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(username)))[..12]}";

    /// <summary>The users known to the server, names by id. Visible only to clients with <c>view-users</c>.</summary>
    public ConcurrentDictionary<string, string> Users { get; } = new();

    /// <summary>The server's clock in epoch milliseconds.</summary>
    public long NowMs() => now();

    /// <summary>Adds a successful login and returns its id.</summary>
    /// <param name="username">Name of the user.</param>
    /// <param name="timeMs">Timestamp; null for the server's current time.</param>
    /// <param name="visibleAtMs">When it becomes visible; null for immediately.</param>
    public Guid AddLogin(string username, long? timeMs = null, long? visibleAtMs = null) => AddUserEvent("LOGIN", username, null, timeMs, visibleAtMs);

    /// <summary>Adds a login that failed with one of Keycloak's error codes and returns its id.</summary>
    public Guid AddLoginError(string username, string error, long? timeMs = null, long? visibleAtMs = null) =>
        AddUserEvent("LOGIN_ERROR", username, error, timeMs, visibleAtMs);

    /// <summary>Adds an admin event and returns its id.</summary>
    public Guid AddAdminEvent(
        string operation, string resourceType, string resourcePath, string? representation = null, long? timeMs = null, long? visibleAtMs = null)
    {
        var id = Guid.NewGuid();
        var time = timeMs ?? now();
        var body = representation is null ? "" : $",\"representation\":{Text(representation)}";
        AdminEvents.Add(
            time,
            Encoding.UTF8.GetBytes($$$"""
                {"id":"{{{id}}}","time":{{{time}}},"realmId":"{{{Id}}}","authDetails":{"realmId":"{{{Id}}}","clientId":"0f7c2a51-8f0e-4d6b-9a0e-2f6f4b1c7d11","userId":"{{{AdminId}}}","ipAddress":"203.0.113.10"},"operationType":{{{Text(operation)}}},"resourceType":{{{Text(resourceType)}}},"resourcePath":{{{Text(resourcePath)}}}{{{body}}}}
                """),
            visibleAtMs);
        return id;
    }

    /// <summary>Adds the event that the server records when it issues a token.</summary>
    internal void AddClientLogin(string tokenId, long nodeOffsetMs)
    {
        var time = now() + nodeOffsetMs;
        UserEvents.Add(time, Encoding.UTF8.GetBytes($$$"""
            {"id":"{{{Guid.NewGuid()}}}","time":{{{time}}},"type":"CLIENT_LOGIN","realmId":"{{{Id}}}","clientId":{{{Text(Client.ClientId)}}},"userId":"f181ed0f-606d-4a34-b1dd-d5be7aaa631a","ipAddress":"127.0.0.1","details":{"token_id":"{{{tokenId}}}","grant_type":"client_credentials","scope":"email profile","client_auth_method":"client-secret","username":"service-account-{{{Client.ClientId}}}"}}
            """));
    }

    private Guid AddUserEvent(string type, string username, string? error, long? timeMs, long? visibleAtMs)
    {
        var id = Guid.NewGuid();
        var time = timeMs ?? now();
        var failure = error is null ? "" : $",\"error\":{Text(error)}";
        UserEvents.Add(
            time,
            Encoding.UTF8.GetBytes($$$"""
                {"id":"{{{id}}}","time":{{{time}}},"type":"{{{type}}}","realmId":"{{{Id}}}","clientId":"web-app","userId":"{{{UserId(username)}}}","sessionId":"qibxDxAlxxLHBMlEnw6TenEs","ipAddress":"203.0.113.10"{{{failure}}},"details":{"auth_method":"openid-connect","auth_type":"code","code_id":"{{{id:N}}}","username":{{{Text(username)}}}}}
                """),
            visibleAtMs);
        return id;
    }

    private static string Text(string value) => $"\"{JsonEncodedText.Encode(value)}\"";
}
