using System.Globalization;
using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Benchmarks;

/// <summary>An event and the stream that it came by.</summary>
internal readonly record struct TrafficEvent(EventStream Stream, IncomingEvent Incoming);

/// <summary>An hour of a busy realm as Keycloak sends it: logins, tokens and refreshes, 6 % failures, 2 % admin events; seeded, about 620 bytes an event.</summary>
internal sealed class DetectionTraffic
{
    private const long StartMs = 1_789_041_600_000;
    private const long StepMs = 18;
    private const int Users = 20_000;
    private const int Addresses = 8000;
    private const string Realm = "c7fc32ed-5c92-4cea-b8da-2008ce1d2e71";
    private static readonly string[] AdminTypes = ["USER", "CLIENT", "REALM_ROLE_MAPPING", "GROUP_MEMBERSHIP"];
    private static readonly string[] Clients = ["web-app", "mobile", "account-console", "reports", "security-admin-console"];

    private readonly Random random = new(17);

    /// <summary>So many events in the order of their time.</summary>
    public static List<TrafficEvent> Hour(int count)
    {
        var traffic = new DetectionTraffic();
        return [.. Enumerable.Range(0, count).Select(traffic.Next)];
    }

    /// <summary>Failed logins, each of an address and a user of its own.</summary>
    public static IEnumerable<TrafficEvent> Flood(int count) => Enumerable.Range(0, count)
        .Select(number => Incoming(number, EventStream.User, User(number, "LOGIN_ERROR", $"flood.{number}", Address(number, 0x0A000000), "web-app", "invalid_user_credentials")));

    private TrafficEvent Next(int number)
    {
        var (user, share) = ($"alice.{random.Next(Users)}", random.Next(100));
        // A user has an address; now and then another one.
        var address = Address(random.Next(50) == 0 ? random.Next(Addresses) : StableHash(user) % Addresses, 0xC6120000);
        var client = Clients[random.Next(40) == 0 ? 4 : random.Next(4)];
        return share switch
        {
            < 30 => Incoming(number, EventStream.User, User(number, "LOGIN", user, address, client, null)),
            < 55 => Incoming(number, EventStream.User, User(number, "CODE_TO_TOKEN", user, address, client, null)),
            < 90 => Incoming(number, EventStream.User, User(number, "REFRESH_TOKEN", user, address, client, null)),
            < 96 => Incoming(number, EventStream.User, User(number, "LOGIN_ERROR", user, address, client, random.Next(4) == 0 ? "user_not_found" : "invalid_user_credentials")),
            < 98 => Incoming(number, EventStream.Admin, Admin(number, AdminTypes[random.Next(AdminTypes.Length)], random.Next(3) == 0 ? "CREATE" : "UPDATE", address)),
            _ => Incoming(number, EventStream.User, User(number, random.Next(2) == 0 ? "LOGOUT" : "UPDATE_CREDENTIAL", user, address, client, null)),
        };
    }

    private static TrafficEvent Incoming(int number, EventStream stream, string json) => new(stream, new IncomingEvent(
        StartMs + (number * StepMs), EventKey.FromId(Encoding.UTF8.GetBytes(Id(number))), null, Encoding.UTF8.GetBytes(json)));

    private static string User(int number, string type, string user, string address, string client, string? error) => string.Create(CultureInfo.InvariantCulture, $$$"""
        {"id":"{{{Id(number)}}}","time":{{{StartMs + (number * StepMs)}}},"type":"{{{type}}}","realmId":"{{{Realm}}}","clientId":"{{{client}}}","userId":"{{{UserId(user)}}}","sessionId":"756261b0-2a1a-4f9e-82ad-{{{number % 90_000:D12}}}","ipAddress":"{{{address}}}",{{{(error is null ? "" : $"\"error\":\"{error}\",")}}}"details":{"auth_method":"openid-connect","auth_type":"code","response_type":"code","redirect_uri":"https://apps.example.com/{{{client}}}/callback","consent":"no_consent_required","remember_me":"false","code_id":"756261b0-2a1a-4f9e-82ad-{{{number % 90_000:D12}}}","username":"{{{user}}}","scope":"openid profile email","grant_type":"authorization_code"}}
        """);

    private static string Admin(int number, string resource, string operation, string address)
    {
        var target = UserId($"alice.{number % Users}");
        var path = resource switch { "CLIENT" => $"clients/{target}", "USER" => $"users/{target}", _ => $"users/{target}/{(resource == "GROUP_MEMBERSHIP" ? "groups" : "role-mappings/realm")}" };
        var body = resource == "CLIENT"
            ? $$"""{\"id\":\"{{target}}\",\"clientId\":\"reports\",\"publicClient\":{{(number % 3 == 0 ? "true" : "false")}},\"redirectUris\":[\"https://apps.example.com/*\"],\"directAccessGrantsEnabled\":false}"""
            : $$"""{\"id\":\"{{target}}\",\"username\":\"alice.{{number % Users}}\",\"enabled\":true,\"email\":\"alice.{{number % Users}}@example.com\",\"emailVerified\":true}""";
        return string.Create(CultureInfo.InvariantCulture, $$"""
            {"id":"{{Id(number)}}","time":{{StartMs + (number * StepMs)}},"realmId":"{{Realm}}","realmName":"acme","authDetails":{"realmId":"{{Realm}}","realmName":"acme","clientId":"0f4e0a7c-55a4-4c64-9c43-0d7f5a8f2b11","userId":"{{UserId($"admin.{number % 12}")}}","ipAddress":"{{address}}"},"operationType":"{{operation}}","resourceType":"{{resource}}","resourcePath":"{{path}}","representation":"{{body}}"}
            """);
    }

    private static string Id(int number) => string.Create(CultureInfo.InvariantCulture, $"c0ffee00-0000-4000-8000-{number:D12}");

    private static string UserId(string user) => string.Create(CultureInfo.InvariantCulture, $"ca99d5df-9069-4c01-a339-{(uint)StableHash(user):D12}");

    private static string Address(int number, uint network)
    {
        var address = network + (uint)number;
        return string.Create(CultureInfo.InvariantCulture, $"{address >> 24}.{(address >> 16) & 255}.{(address >> 8) & 255}.{address & 255}");
    }

    // The same in every process, unlike the hash of a string.
    private static int StableHash(string text)
    {
        var hash = 17;
        foreach (var character in text)
        {
            hash = (hash * 31) + character;
        }

        return hash & int.MaxValue;
    }
}
