using System.Net;
using System.Net.Sockets;
using SiemForwarder.Connections;
using SiemForwarder.Service.Keycloak.Checks;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Service.Keycloak.Checks;

/// <summary>Each fault that an administrator can make, and the words that lead out of it.</summary>
public sealed class KeycloakSourceCheckTests
{
    private static readonly string[] Recommended = ["LOGIN", "LOGIN_ERROR", "UPDATE_CREDENTIAL"];

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task AGoodSourcePasses(SimulatedTier tier)
    {
        await using var polled = await PolledRealm.StartAsync(tier);
        polled.Realm.Client.Roles = ["view-events", "view-realm", "view-users"];

        var report = await CheckAsync(polled.Source, polled);

        Assert.All(report.Items, item => Assert.Equal(SourceCheckResult.Ok, item.Result));
        Assert.Equal(SourceCheckName.All, report.Items.Select(item => item.Name));
    }

    [Fact]
    public async Task WithoutTheRoleToViewUsersTheCheckSaysWhatIsMissingAndSucceeds()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);

        var report = await CheckAsync(polled.Source, polled);

        var names = report.Items.Single(item => item.Name == SourceCheckName.UserNames);
        Assert.True(report.Succeeded);
        Assert.Equal(SourceCheckResult.Skipped, names.Result);
        Assert.Contains("only by id", names.Detail, StringComparison.Ordinal);
        Assert.Contains("view-users of realm-management", names.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheContextPathOfOlderServersIsFound()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds, options: new SimulatorOptions { PathPrefix = "/auth" });
        var withoutPath = new Uri(polled.Server.BaseUrl.GetLeftPart(UriPartial.Authority));

        Assert.True((await CheckAsync(polled.Source with { BaseUrl = withoutPath }, polled)).Succeeded);
        Assert.True((await CheckAsync(polled.Source, polled)).Succeeded);
    }

    [Fact]
    public async Task ASurplusContextPathIsLeftOut()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);

        Assert.True((await CheckAsync(polled.Source with { BaseUrl = new Uri(polled.Server.BaseUrl, "/auth") }, polled)).Succeeded);
    }

    public static TheoryData<string, string, SourceCheckResult, string> Faults() => new()
    {
        { "secret", SourceCheckName.Token, SourceCheckResult.Failed, "Clients → siem-forwarder → Credentials" },
        { "client", SourceCheckName.Token, SourceCheckResult.Failed, "switch Enabled on" },
        { "public", SourceCheckName.Token, SourceCheckResult.Failed, "Client authentication" },
        { "service account", SourceCheckName.Token, SourceCheckResult.Failed, "Service accounts roles" },
        { "service account user", SourceCheckName.Token, SourceCheckResult.Failed, "service-account-siem-forwarder" },
        { "realm off", SourceCheckName.Token, SourceCheckResult.Failed, "the realm is disabled" },
        { "role", SourceCheckName.Role, SourceCheckResult.Failed, "view-events" },
        { "scope", SourceCheckName.Role, SourceCheckResult.Failed, "Full scope allowed" },
        { "events off", SourceCheckName.LoginEvents, SourceCheckResult.Warning, "Realm settings → Events → User events settings → switch on Save events" },
        { "types", SourceCheckName.EventTypes, SourceCheckResult.Warning, "Add saved types" },
        { "expiration", SourceCheckName.LoginExpiration, SourceCheckResult.Warning, "Expiration" },
        { "admin off", SourceCheckName.AdminEvents, SourceCheckResult.Warning, "Realm settings → Events → Admin events settings → switch on Save events" },
        { "details off", SourceCheckName.Representation, SourceCheckResult.Warning, "Include representation" },
        { "admin expiration", SourceCheckName.AdminExpiration, SourceCheckResult.Warning, "Expiration" },
        { "no view-realm", SourceCheckName.AdminExpiration, SourceCheckResult.Skipped, "view-realm" },
        { "clock", SourceCheckName.Clock, SourceCheckResult.Warning, "NTP" },
        { "proxy page", SourceCheckName.Server, SourceCheckResult.Failed, "instead of JSON" },
        { "redirect", SourceCheckName.Server, SourceCheckResult.Failed, "login.example.com" },
        { "booting", SourceCheckName.Server, SourceCheckResult.Failed, "not ready" },
        { "stopped", SourceCheckName.Server, SourceCheckResult.Failed, "Check that the server is running" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task AFaultIsNamedTogetherWithItsRemedy(string fault, string item, SourceCheckResult result, string words)
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        polled.Realm.Client.Roles = ["view-events", "view-realm"];
        await MakeAsync(polled, fault);

        var report = await CheckAsync(polled.Source, polled);

        var found = report.Items.Single(entry => entry.Name == item);
        Assert.Equal(result, found.Result);
        Assert.Contains(words, found.Detail + " " + found.Advice, StringComparison.Ordinal);
        Assert.Equal(result != SourceCheckResult.Failed, report.Succeeded);
        Assert.NotEqual(found.Detail, found.Advice);
    }

    [Fact]
    public async Task ARealmThatStoresNoneOfWhatIsPulledFails()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        (polled.Realm.EventsEnabled, polled.Realm.AdminEventsEnabled) = (false, false);

        var report = await CheckAsync(polled.Source, polled);

        Assert.False(report.Succeeded);
        Assert.Equal(
            [SourceCheckName.LoginEvents, SourceCheckName.AdminEvents],
            report.Items.Where(item => item.Result == SourceCheckResult.Failed).Select(item => item.Name));
    }

    [Fact]
    public async Task HttpToAPortThatSpeaksTlsNamesTls()
    {
        using var authority = new CertificateAuthority("Corp", TimeProvider.System);
        using var certificate = authority.IssueServer("127.0.0.1");
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds, options: new SimulatorOptions { Certificate = certificate });

        var report = await CheckAsync(polled.Source with { BaseUrl = new Uri($"http://127.0.0.1:{polled.Server.BaseUrl.Port}") }, polled);

        Assert.Contains("expects TLS on this port", report.Items[0].Detail, StringComparison.Ordinal);
        Assert.StartsWith("Use https://", report.Items[0].Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HttpsToAPortWithoutTlsSaysSo()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);

        var report = await CheckAsync(polled.Source with { BaseUrl = new Uri($"https://127.0.0.1:{polled.Server.BaseUrl.Port}") }, polled);

        Assert.Contains("does not serve TLS on this port", report.Items[0].Detail, StringComparison.Ordinal);
        Assert.StartsWith("Use http://", report.Items[0].Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACertificateThatNobodyKnowsIsOfferedByItsFingerprint()
    {
        using var authority = new CertificateAuthority("Corp", TimeProvider.System);
        using var certificate = authority.IssueServer("127.0.0.1");
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds, options: new SimulatorOptions { Certificate = certificate });

        var report = await CheckAsync(polled.Source with { CaCertificate = null, BaseUrl = new Uri($"https://127.0.0.1:{polled.Server.BaseUrl.Port}") }, polled);
        var fingerprint = report.Items[0].Advice!.Split("keycloak.fingerprint: ")[1].TrimEnd('.');
        var trusting = await CheckAsync(
            polled.Source with { CaCertificate = null, Fingerprint = fingerprint, BaseUrl = new Uri($"https://127.0.0.1:{polled.Server.BaseUrl.Port}") }, polled);

        Assert.Equal(SourceCheckResult.Ok, trusting.Items[0].Result);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task APortThatSaysNothingIsToldWithinTenSeconds(string scheme)
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var started = TimeProvider.System.GetTimestamp();

        var report = await KeycloakSourceCheck.RunAsync(
            polled.Source with { BaseUrl = new Uri($"{scheme}://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}") }, Recommended, TimeProvider.System, PolledRealm.Token);

        Assert.Contains("within 8 s", report.Items[0].Detail, StringComparison.Ordinal);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData("nope", "http://127.0.0.1", "has no realm 'nope'")]
    [InlineData("siem-demo", "http://no-such-host.invalid", "cannot be resolved")]
    public async Task AWrongAddressIsNamed(string realm, string host, string words)
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        var url = host.EndsWith("invalid", StringComparison.Ordinal) ? new Uri(host) : polled.Server.BaseUrl;

        var report = await CheckAsync(polled.Source with { Realm = realm, BaseUrl = url }, polled);

        Assert.Contains(words, report.Items[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUnreadableCertificateIsNamed()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        var pem = "-----BEGIN CERTIFICATE-----\nnot base64\n-----END CERTIFICATE-----";

        var report = await CheckAsync(polled.Source with { CaCertificate = pem }, polled);

        Assert.Contains("CA certificate", report.Items[0].Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheSecretIsNeverShown()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);

        var report = await CheckAsync(polled.Source with { Credential = new KeycloakCredential.ClientSecret(new Secret("wrong-secret-value")) }, polled);

        Assert.DoesNotContain("wrong-secret-value", string.Join(' ', report.Items), StringComparison.Ordinal);
    }

    private static Task<SourceCheckReport> CheckAsync(KeycloakSource source, PolledRealm polled) =>
        KeycloakSourceCheck.RunAsync(source, Recommended, polled.Clock, PolledRealm.Token);

    private static async Task MakeAsync(PolledRealm polled, string fault)
    {
        var (realm, faults) = (polled.Realm, polled.Server.Faults);
        switch (fault)
        {
            case "secret": realm.Client.Secret = "another"; break;
            case "client": realm.Client.Enabled = false; break;
            case "public": realm.Client.IsPublic = true; break;
            case "service account": realm.Client.ServiceAccountEnabled = false; break;
            case "service account user": realm.Client.ServiceAccountUserEnabled = false; break;
            case "realm off": realm.Enabled = false; break;
            case "role": realm.Client.Roles = ["query-realms"]; break;
            case "scope": realm.Client.FullScopeAllowed = false; break;
            case "events off": realm.EventsEnabled = false; break;
            case "types": realm.EnabledEventTypes = ["LOGIN"]; break;
            case "expiration": realm.EventsExpirationSeconds = 3600; break;
            case "admin off": realm.AdminEventsEnabled = false; break;
            case "details off": realm.AdminEventsDetailsEnabled = false; break;
            case "admin expiration": realm.AdminEventsExpirationSeconds = 3600; break;
            case "no view-realm": realm.Client.Roles = ["view-events"]; break;
            case "clock": polled.Server.ClockOffset = TimeSpan.FromSeconds(-90); break;
            case "proxy page": faults.Always = _ => SimulatedFault.LoginPage; break;
            case "redirect": faults.Always = _ => SimulatedFault.Redirect; break;
            case "booting": faults.Always = _ => SimulatedFault.Booting; break;
            case "stopped": await polled.Server.StopAsync(PolledRealm.Token); break;
            default: throw new ArgumentException(fault);
        }
    }
}
