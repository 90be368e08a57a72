using System.Net.Security;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Operations;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>What ends within thirty days is a warning in the status and an alarm, until it is renewed.</summary>
public sealed class ExpiryTests(TestPostgres postgres)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ACertificateAndATokenThatEndInTenDaysAreWarnedOfUntilTheyAreRenewed()
    {
        using var authority = new CertificateAuthority("Corp", TimeProvider.System);
        using var soon = authority.IssueServer("localhost", validUntil: TimeSpan.FromDays(10));
        using var renewed = authority.IssueServer("localhost", validUntil: TimeSpan.FromDays(50));
        var shown = soon;
        await using var receiver = HttpReceiver.Start(
            _ => new HttpReply(200) { Headers = ["Connection: close"] },
            new SslServerAuthenticationOptions { ServerCertificateSelectionCallback = (_, _) => shown });
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, "--Forwarder:Operations:Interval=1.00:00:00", "--Forwarder:ConfigurationInterval=00:00:00.050");
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(Request(TimeSpan.FromDays(11)));
        await SeededLog.AppendAsync(forwarder, source, ["alice"]);

        var status = await WaitAsync(2);
        var alarm = Assert.Single(await AlarmsAsync());

        Assert.Equal("Success", (string)status["status"]!);
        Assert.Contains($"The certificate of localhost:{receiver.Port} expires on {soon.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC", (string)status["warnings"]![0]!, StringComparison.Ordinal);
        Assert.StartsWith("Authentication.token expires on ", (string)status["warnings"]![1]!, StringComparison.Ordinal);
        Assert.Equal(("CREDENTIAL_EXPIRING", $"integration:{id}"), (alarm.Kind.Raised, alarm.Subject));
        Assert.Contains($"'tls' depends on what expires soon: the certificate of localhost:{receiver.Port} expires on", alarm.Message, StringComparison.Ordinal);

        shown = renewed;
        await forwarder.PutAsync($"/api/v1/integrations/{id}", Request(TimeSpan.FromDays(60)));
        await SeededLog.AppendAsync(forwarder, source, ["bob"]);
        await receiver.WaitForRequestsAsync(2, Stop);
        await WaitAsync(0);

        Assert.Empty(await AlarmsAsync());

        object Request(TimeSpan life) => new
        {
            name = "tls", enabled = true, serverUrl = $"https://localhost:{receiver.Port}/", tls = new { caCertificate = authority.Pem },
            authentication = new { type = "bearer", token = Jwt(life) },
        };

        Task<JsonNode> WaitAsync(int warnings) => forwarder.WaitForAsync(
            $"/api/v1/integrations/{id}/status", node => (node["warnings"]?.AsArray().Count ?? 0) == warnings && (long)node["backlog"]! == 0);

        Task<IReadOnlyList<Alarm>> AlarmsAsync() => forwarder.Services.GetRequiredService<AlarmQueries>().ReadAsync(TimeProvider.System.GetUtcNow(), Stop);
    }

    [Fact]
    public async Task ACertificateOfKeycloakThatEndsInTenDaysIsAWarningOfItsSource()
    {
        using var authority = new CertificateAuthority("Corp", TimeProvider.System);
        using var certificate = authority.IssueServer("localhost", validUntil: TimeSpan.FromDays(10));
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions { Certificate = certificate }, Stop);
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, "--Forwarder:Operations:Interval=1.00:00:00", "--Forwarder:ConfigurationInterval=00:00:00.050");
        var source = await forwarder.PostAsync("/api/v1/sources", new
        {
            name = "prod",
            keycloak = new
            {
                baseUrl = $"https://localhost:{keycloak.BaseUrl.Port}", realm = "siem-demo", clientId = "siem-forwarder", clientSecret = "siem-forwarder-secret",
                caCertificate = authority.Pem,
            },
        });

        var status = await forwarder.WaitForAsync($"/api/v1/sources/{source["id"]}/status", node => node["warnings"] is not null);
        var alarm = Assert.Single(
            await forwarder.Services.GetRequiredService<AlarmQueries>().ReadAsync(TimeProvider.System.GetUtcNow(), Stop), one => one.Kind == AlarmKind.CredentialExpiring);

        Assert.StartsWith($"The certificate of localhost:{keycloak.BaseUrl.Port} expires on ", (string)Assert.Single(status["warnings"]!.AsArray())!, StringComparison.Ordinal);
        Assert.Contains("Source 'prod'", alarm.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(401, 2)]
    [InlineData(403, 4)]
    public async Task ATokenOfSplunkThatTellsNoEndIsWarnedOfWhereItIsRefused(int status, int code)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(status, $$"""{"text":"Invalid token","code":{{code}}}""") { Headers = ["Content-Type: application/json"] });
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new
        {
            name = "splunk", destination = "splunk_hec", serverUrl = $"http://127.0.0.1:{receiver.Port}/", settings = new { token = "11111111-2222-4333-8444-555555555555" },
        });

        await SeededLog.AppendAsync(forwarder, source, ["alice"]);
        var told = await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["warnings"] is not null);

        Assert.Equal("Error", (string)told["status"]!);
        Assert.StartsWith("The destination rejects the credential, last on ", (string)Assert.Single(told["warnings"]!.AsArray())!, StringComparison.Ordinal);
    }

    private static string Jwt(TimeSpan life) => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Expires = (TimeProvider.System.GetUtcNow() + life).UtcDateTime,
        SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(new byte[32]), SecurityAlgorithms.HmacSha256),
    });
}
