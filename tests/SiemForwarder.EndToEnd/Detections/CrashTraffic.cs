using System.Globalization;
using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.EndToEnd.Detections;

/// <summary>A realm under attack, seeded: logins, guessing, stolen sessions, admins who grant roles; pages of one stream each, as a poller stores them.</summary>
internal sealed class CrashTraffic(long startMs)
{
    public const int PageSize = 1000;
    private const int StepMs = 25;
    private const int AdminEveryPages = 10;
    private static readonly string[] Types =
    [
        "LOGIN", "LOGIN", "LOGIN", "LOGIN", "LOGIN", "LOGIN", "LOGIN", "LOGIN", "LOGIN", "LOGIN_ERROR", "LOGIN_ERROR", "LOGIN_ERROR", "CODE_TO_TOKEN",
        "CODE_TO_TOKEN", "CODE_TO_TOKEN", "CODE_TO_TOKEN", "REFRESH_TOKEN", "REFRESH_TOKEN", "REFRESH_TOKEN_ERROR", "REMOVE_CREDENTIAL", "UPDATE_CREDENTIAL",
        "REGISTER", "SEND_RESET_PASSWORD", "IMPERSONATE", "GRANT_CONSENT", "CLIENT_LOGIN_ERROR", "TOKEN_EXCHANGE_ERROR", "UPDATE_EMAIL",
    ];

    private static readonly string[] Operations = ["CREATE REALM_ROLE_MAPPING", "CREATE USER", "DELETE USER", "UPDATE CLIENT", "UPDATE COMPONENT", "ACTION USER"];

    private readonly Random random = new(29);

    /// <summary>Page by page, from the first event on.</summary>
    public IEnumerable<(EventStream Stream, List<IncomingEvent> Events)> Pages(int count)
    {
        for (var page = 0; page * PageSize < count; page++)
        {
            var isAdmin = page % AdminEveryPages == AdminEveryPages - 1;
            yield return (isAdmin ? EventStream.Admin : EventStream.User, [.. Enumerable.Range(page * PageSize, PageSize).Select(number => Incoming(number, isAdmin))]);
        }
    }

    private IncomingEvent Incoming(int number, bool isAdmin)
    {
        var at = startMs + ((long)number * StepMs);
        var id = new Guid(number, 0, 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 0).ToString("D");
        var json = isAdmin ? Admin(id, at) : User(id, at);
        return new IncomingEvent(at, EventKey.FromId(id), null, Encoding.UTF8.GetBytes(json));
    }

    private string User(string id, long at)
    {
        var type = Types[random.Next(Types.Length)];
        var user = random.Next(400);
        var error = type.EndsWith("_ERROR", StringComparison.Ordinal) ? $"\"error\":\"{(random.Next(3) == 0 ? "user_not_found" : "invalid_user_credentials")}\"," : "";
        return string.Create(CultureInfo.InvariantCulture, $$$"""
            {"id":"{{{id}}}","time":{{{at}}},"type":"{{{type}}}","realmId":"acme","clientId":"app-{{{random.Next(6)}}}","userId":"u{{{user}}}","sessionId":"s{{{random.Next(900)}}}","ipAddress":"198.51.{{{random.Next(4)}}}.{{{random.Next(60)}}}",{{{error}}}"details":{"username":"user{{{user}}}","credential_type":"otp","code_id":"s{{{user}}}"}}
            """);
    }

    private string Admin(string id, long at)
    {
        var parts = Operations[random.Next(Operations.Length)].Split(' ');
        var (target, isOpen) = (random.Next(80), random.Next(2) == 0 ? "true" : "false");
        var folder = parts[1] switch { "CLIENT" => "clients", "COMPONENT" => "components", _ => "users" };
        var body = parts[1] == "REALM_ROLE_MAPPING" ? """[{\"name\":\"admin\"}]"""
            : $$"""{\"id\":\"t{{target}}\",\"publicClient\":{{isOpen}},\"redirectUris\":[\"https://{{isOpen}}.example.com/*\"],\"enabled\":{{isOpen}}}""";
        return string.Create(CultureInfo.InvariantCulture, $$$"""
            {"id":"{{{id}}}","time":{{{at}}},"realmId":"acme","authDetails":{"realmId":"acme","clientId":"console","userId":"admin{{{random.Next(5)}}}","ipAddress":"192.0.2.{{{random.Next(9)}}}"},"operationType":"{{{parts[0]}}}","resourceType":"{{{parts[1]}}}","resourcePath":"{{{folder}}}/t{{{target}}}","representation":"{{{body}}}"}
            """);
    }
}
