using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace SiemForwarder.Simulator;

/// <summary>Generates the events of a busy realm: logins, their tokens and logouts, failures, attacks on individual accounts, changes by
/// administrators.</summary>
/// <remarks>The same seed produces the same events. Not thread-safe.</remarks>
public sealed class SimulatedTraffic : IDisposable
{
    private static readonly string[] Clients = ["web-app", "mobile-app", "intranet", "crm", "payroll"];
    private static readonly string[] FirstNames = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy"];
    private static readonly string[] Errors =
        ["invalid_user_credentials", "invalid_user_credentials", "invalid_user_credentials", "user_not_found", "user_temporarily_disabled", "expired_code"];

    private static readonly (string Operation, string ResourceType, string Path)[] Changes =
    [
        ("CREATE", "USER", "users/{0}"), ("UPDATE", "USER", "users/{0}"), ("ACTION", "USER", "users/{0}/reset-password"),
        ("CREATE", "CLIENT_ROLE_MAPPING", "users/{0}/role-mappings/clients/98d2eb5e-1103-461e-9b68-b5902a97f2e1"),
        ("CREATE", "GROUP_MEMBERSHIP", "users/{0}/groups/2af0f974-4f95-492a-915f-d6d01df02a20"), ("DELETE", "USER", "users/{0}"),
        ("UPDATE", "CLIENT", "clients/98d2eb5e-1103-461e-9b68-b5902a97f2e1"), ("CREATE", "REALM_ROLE", "roles-by-id/{0}"),
    ];

    private readonly Random random;
    private readonly ArrayBufferWriter<byte> output = new(2048);
    private readonly Utf8JsonWriter json;

    public SimulatedTraffic(int seed)
    {
        random = new Random(seed);
        json = new Utf8JsonWriter(output);
    }

    /// <summary>Adds only successful logins, about 586 bytes each, evenly distributed over the time span.</summary>
    /// <param name="realm">Realm to add them to.</param>
    /// <param name="count">Number of logins.</param>
    /// <param name="fromMs">Time of the first, in epoch milliseconds.</param>
    /// <param name="toMs">Time of the last.</param>
    public void FillLogins(SimulatedRealm realm, int count, long fromMs, long toMs)
    {
        for (var i = 0; i < count; i++)
        {
            var timeMs = fromMs + (long)((toMs - fromMs) * (double)i / Math.Max(1, count - 1));
            realm.UserEvents.Add(timeMs, UserEvent(realm, "LOGIN", timeMs));
        }
    }

    /// <summary>Adds a realistic mix of events, evenly distributed over the time span; about one in fifty is an admin event.</summary>
    public void Fill(SimulatedRealm realm, int count, long fromMs, long toMs)
    {
        for (var i = 0; i < count; i++)
        {
            Add(realm, fromMs + (long)((toMs - fromMs) * (double)i / Math.Max(1, count - 1)));
        }
    }

    /// <summary>Adds one event from the mix.</summary>
    public void Add(SimulatedRealm realm, long timeMs)
    {
        var kind = random.Next(100);
        if (kind < 2)
        {
            realm.AdminEvents.Add(timeMs, AdminEvent(realm, timeMs));
            return;
        }

        var type = kind switch { < 42 => "LOGIN", < 78 => "CODE_TO_TOKEN", < 90 => "LOGOUT", _ => "LOGIN_ERROR" };
        realm.UserEvents.Add(timeMs, UserEvent(realm, type, timeMs));
    }

    /// <summary>Adds events from the mix at a steady rate until cancelled, and then throws.</summary>
    public async Task RunAsync(SimulatedRealm realm, double eventsPerSecond, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(Math.Max(0.02, 1 / eventsPerSecond)), time);
        var (started, written) = (time.GetTimestamp(), 0L);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            for (var due = (long)(time.GetElapsedTime(started).TotalSeconds * eventsPerSecond); written < due; written++)
            {
                Add(realm, realm.NowMs());
            }
        }
    }

    public void Dispose() => json.Dispose();

    private ReadOnlySpan<byte> UserEvent(SimulatedRealm realm, string type, long timeMs)
    {
        var person = random.Next(1000);
        var username = $"{FirstNames[person % FirstNames.Length]}.{person}";
        var session = Identifier();
        Begin(timeMs);
        json.WriteString("type"u8, type);
        json.WriteString("realmId"u8, realm.Id);
        json.WriteString("clientId"u8, Clients[random.Next(Clients.Length)]);
        json.WriteString("userId"u8, UserId(person));
        if (type != "LOGIN_ERROR")
        {
            json.WriteString("sessionId"u8, session);
        }

        json.WriteString("ipAddress"u8, $"203.0.113.{random.Next(1, 255)}");
        if (type == "LOGIN_ERROR")
        {
            json.WriteString("error"u8, Errors[random.Next(Errors.Length)]);
        }

        json.WriteStartObject("details"u8);
        json.WriteString("auth_method"u8, "openid-connect");
        json.WriteString("auth_type"u8, "code");
        json.WriteString("response_type"u8, "code");
        json.WriteString("redirect_uri"u8, "https://apps.example.com/callback");
        json.WriteString("consent"u8, "no_consent_required");
        json.WriteString("code_id"u8, session);
        json.WriteString("token_id"u8, Identifier());
        json.WriteString("username"u8, username);
        json.WriteString("response_mode"u8, "query");
        json.WriteEndObject();
        return End();
    }

    private ReadOnlySpan<byte> AdminEvent(SimulatedRealm realm, long timeMs)
    {
        var (operation, resourceType, path) = Changes[random.Next(Changes.Length)];
        var person = random.Next(1000);
        Begin(timeMs);
        json.WriteString("realmId"u8, realm.Id);
        json.WriteStartObject("authDetails"u8);
        json.WriteString("realmId"u8, realm.Id);
        json.WriteString("clientId"u8, "fc408b90-6e28-4ba7-8338-0bad4e075850");
        json.WriteString("userId"u8, UserId(random.Next(5)));
        json.WriteString("ipAddress"u8, $"198.51.100.{random.Next(1, 10)}");
        json.WriteEndObject();
        json.WriteString("operationType"u8, operation);
        json.WriteString("resourceType"u8, resourceType);
        json.WriteString("resourcePath"u8, string.Format(CultureInfo.InvariantCulture, path, UserId(person)));
        if (operation is "CREATE" or "UPDATE")
        {
            json.WriteString("representation"u8,
                $$"""{"username":"{{FirstNames[person % FirstNames.Length]}}.{{person}}","enabled":true,"emailVerified":false}""");
        }

        return End();
    }

    private void Begin(long timeMs)
    {
        output.ResetWrittenCount();
        json.Reset();
        json.WriteStartObject();
        json.WriteString("id"u8, Identifier());
        json.WriteNumber("time"u8, timeMs);
    }

    private ReadOnlySpan<byte> End()
    {
        json.WriteEndObject();
        json.Flush();
        return output.WrittenSpan;
    }

    private Guid Identifier()
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        bytes[7] = (byte)((bytes[7] & 0x0f) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes);
    }

    private static string UserId(int person) => string.Create(CultureInfo.InvariantCulture, $"6a1b2c3d-0001-4000-8000-{person:x12}");
}
