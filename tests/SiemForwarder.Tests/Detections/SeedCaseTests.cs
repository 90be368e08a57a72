using System.Text;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>The first examples that anybody asks for, each firing and each quiet.</summary>
public sealed class SeedCaseTests
{
    private static readonly EventLocation Berlin = EventLocation.Nowhere with { Country = "DE", Latitude = 52.52, Longitude = 13.4, AccuracyRadiusKm = 20 };
    private static readonly EventLocation Tokyo = EventLocation.Nowhere with { Country = "JP", Latitude = 35.68, Longitude = 139.7, AccuracyRadiusKm = 50 };
    private static readonly LogSource Certificates = new("pki", "certificates", null);
    private static readonly LogSource Firewall = new("firewall", null, null);

    [Theory]
    [InlineData(11, 29, "C@290")]
    [InlineData(10, 29, "")]
    [InlineData(11, 31, "")]
    public void MoreThanTenFailuresOfOneAddressInFiveMinutes(int count, int secondsApart, string told)
    {
        var run = new EngineRun(EngineRun.Rules(EngineRun.Failed, EngineRun.Correlation("type: event_count, rules: [failed], group-by: [ip], timespan: 5m, condition: { gt: 10 }")));
        for (var index = 0; index < count; index++)
        {
            run.At(index * secondsApart, "LOGIN_ERROR", $"user {index}");
            run.At(index * secondsApart, "LOGIN_ERROR", $"user {index}", ip: $"192.0.2.{index + 100}");
        }

        Assert.Equal(told, run.Told);
    }

    [Theory]
    [InlineData(5, "Both@98")]
    [InlineData(4, "")]
    public void FiftyFailuresAcrossFiveServersInTwoMinutes(int servers, string told)
    {
        var run = new EngineRun(EngineRun.Rules(
            EngineRun.Failed,
            EngineRun.Correlation("type: event_count, rules: [failed], group-by: [ip], timespan: 2m, condition: { gte: 50 }", "Many"),
            EngineRun.Correlation("type: value_count, rules: [failed], group-by: [ip], timespan: 2m, condition: { gte: 5, field: clientId }", "Wide"),
            EngineRun.Correlation("type: temporal, rules: [c_Many, c_Wide], group-by: [ip], timespan: 2m, condition: { gte: 2 }", "Both")));
        for (var index = 0; index < 60; index++)
        {
            run.At(index * 2, "LOGIN_ERROR", client: $"server {index % servers}");
        }

        Assert.Equal(told, run.Told);
    }

    [Fact]
    public void ALoginFromANewCountry()
    {
        var run = new EngineRun(EngineRun.OfLogins("first_seen: { field: geo.country, per: [userId], memory: 90d, learn: 1d }"));
        run.At(0, "LOGIN", location: Berlin);

        Assert.False(run.At(3600, "LOGIN", location: Tokyo));
        Assert.False(run.At(90000, "LOGIN", location: Tokyo));
        Assert.False(run.At(90001, "LOGIN"));
        Assert.True(run.At(90002, "LOGIN", location: Berlin with { Country = "FR" }));
        Assert.False(run.At(90003, "LOGIN", location: Berlin with { Country = "FR" }));
    }

    [Theory]
    [InlineData(3600, "198.51.100.1", true)]
    [InlineData(3600, "192.0.2.10", false)]
    [InlineData(36000, "198.51.100.1", false)]
    public void ImpossibleTravel(double seconds, string ip, bool fires)
    {
        var run = new EngineRun(EngineRun.OfLogins("travel: { per: [userId] }"));
        run.At(0, "LOGIN", location: Berlin);

        Assert.Equal(fires, run.At(seconds, "LOGIN", ip: ip, location: Tokyo));
        Assert.All(run.Alerts, alert => Assert.Equal(["1-1", "1-2"], alert.Events.Select(one => one.Id)));
        Assert.All(run.Alerts, alert => Assert.InRange(alert.Value!.Value, 8700, 8900));
    }

    [Theory]
    [InlineData(-6 * 3600, "local.hour: [2, 3, 4]", true)]
    [InlineData(0, "local.hour: [2, 3, 4]", false)]
    [InlineData(-3 * 3600, "local.business: false", true)]
    [InlineData(5 * 86400, "local.business: false", true)]
    [InlineData(0, "local.business: false", false)]
    public void ALoginAtThreeOrOutsideOfBusinessHours(double seconds, string test, bool fires) =>
        Assert.Equal(fires, new EngineRun(EngineRun.Login.Replace("type: LOGIN", $"type: LOGIN, {test}", StringComparison.Ordinal)).At(seconds, "LOGIN"));

    [Fact]
    public void TenTimesTheBaselineWithinAnHour()
    {
        var run = new EngineRun(EngineRun.OfLogins("baseline: { count: events, per: [clientId], bucket: 1h, history: 1d, factor: 10, minimum: 20 }"));
        for (var hour = 0; hour < 24; hour++)
        {
            for (var index = 0; index < 4; index++)
            {
                Assert.False(run.At((hour * 3600) + index, "LOGIN"));
            }
        }

        for (var index = 1; index <= 60; index++)
        {
            Assert.Equal(index == 41, run.At((24 * 3600) + index, "LOGIN"));
        }

        Assert.Equal(41, Assert.Single(run.Alerts).Value);
    }

    [Theory]
    [InlineData("shop.example.com", "Sketchy CA", true)]
    [InlineData("shop.example.com", "Good CA", false)]
    [InlineData("other.example.net", "Sketchy CA", false)]
    public void ACertificateOfAMonitoredDomainFromAnIssuerThatIsNotApproved(string domain, string issuer, bool fires)
    {
        var run = new EngineRun(
            """
            title: Issuer
            logsource: { product: pki, service: certificates }
            detection:
              domain: { 'domain|expand': '%monitored_domains%' }
              approved: { 'issuer|expand': '%approved_cas%' }
              condition: domain and not approved
            """,
            lists: new() { ["monitored_domains"] = ["*.example.com"], ["approved_cas"] = ["Good CA", "Better CA"] });

        Assert.Equal(fires, Push(run, 0, "CERTIFICATE_ISSUED", $$"""{"domain":"{{domain}}","issuer":"{{issuer}}"}"""));
    }

    [Theory]
    [InlineData("a", 40, false)]
    [InlineData("a", 25, true)]
    [InlineData("b", 40, true)]
    public void ACertificateThatExpiresWithoutAnAttemptToRenewIt(string renewed, int renewedOnDay, bool fires)
    {
        var run = new EngineRun(EngineRun.Rules(
            """
            title: Renewal
            name: renewal_attempt
            logsource: { product: pki }
            detection: { selection: { type: RENEWAL }, condition: selection }
            """,
            """
            title: Expires
            logsource: { product: pki }
            detection: { selection: { type: EXPIRY, 'days_to_expiry|lt': 7 }, condition: selection }
            forwarder: { unless: { rule: renewal_attempt, within: 30d, same: [certificate] } }
            """));
        Push(run, 0, "HEARTBEAT", "{}");
        Push(run, renewedOnDay * 86400, "RENEWAL", $$"""{"certificate":"{{renewed}}"}""");

        Assert.False(Push(run, 59 * 86400, "EXPIRY", """{"certificate":"a","days_to_expiry":8}"""));
        Assert.Equal(fires, Push(run, 60 * 86400, "EXPIRY", """{"certificate":"a","days_to_expiry":6}"""));
    }

    [Theory]
    [InlineData("u1", true)]
    [InlineData("u2", false)]
    public void AFailureThenARoleGrantedByTheSameActor(string actor, bool fires)
    {
        var run = new EngineRun(EngineRun.Rules(
            EngineRun.Failed,
            """
            title: Role granted
            name: granted
            logsource: { product: keycloak, service: admin }
            detection: { selection: { operation: CREATE, resourceType: REALM_ROLE_MAPPING }, condition: selection }
            """,
            EngineRun.Correlation(
                "type: temporal_ordered, rules: [failed, granted], group-by: [who], timespan: 1h, aliases: { who: { failed: userId, granted: actor.userId } }")));
        var grant = Some.LoginEvent() with
        {
            Type = "CREATE-REALM_ROLE_MAPPING",
            Kind = EventKind.Admin,
            Actor = new EventParty(actor, null, null, null, null),
            Admin = new AdminAction("CREATE", "REALM_ROLE_MAPPING", "users/u9/role-mappings/realm", "u9", null),
        };
        run.At(0, "", like: Some.LoginEvent() with { Subject = new EventParty("u1", "alice", null, null, null) });

        Assert.Equal(fires, run.At(60, "", from: LogSource.KeycloakAdmin, like: grant));
        Assert.All(run.Alerts, alert => Assert.Equal("who=u1", $"{alert.Group[0].Name}={alert.Group[0].Value}"));
    }

    [Theory]
    [InlineData("all", "Three@20")]
    [InlineData("source", "")]
    public void ABlockedConnectionAFailureAndACertificateErrorOfOneAddressAcrossSources(string scope, string told)
    {
        var run = new EngineRun(EngineRun.Rules(
            EngineRun.Failed,
            "title: Blocked\nname: blocked\nlogsource: { product: firewall }\ndetection: { s: { type: BLOCKED }, condition: s }",
            "title: Bad\nname: bad\nlogsource: { product: pki }\ndetection: { s: { type: CERTIFICATE_ERROR }, condition: s }",
            EngineRun.Correlation("type: temporal, rules: [blocked, failed, bad], group-by: [ip], timespan: 10m", "Three", $"forwarder: {{ scope: {scope} }}")));
        run.At(0, "BLOCKED", source: 2, from: Firewall);
        run.At(10, "LOGIN_ERROR", source: 1);
        run.At(15, "CERTIFICATE_ERROR", source: 3, from: Certificates, ip: "192.0.2.99");
        run.At(20, "CERTIFICATE_ERROR", source: 3, from: Certificates);

        Assert.Equal(told, run.Told);
    }

    private static bool Push(EngineRun run, double seconds, string type, string json) => run.At(
        seconds, type, from: Certificates, like: Some.LoginEvent() with { Type = type, Kind = EventKind.Application, Raw = Encoding.UTF8.GetBytes(json) });
}
