using System.Net.Security;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>The test of an integration: what an administrator is told, stage by stage.</summary>
public sealed class TestEndpointTests(RunningForwarder running) : IClassFixture<RunningForwarder>, IDisposable
{
    private readonly CertificateAuthority authority = new("Corp", TimeProvider.System);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ADisabledIntegrationIsTestedOverTcpAndStaysDisabled()
    {
        await using var receiver = TcpSyslogReceiver.Start();

        var (id, report) = await TestAsync(new { serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "CEF" });

        await receiver.WaitForMessagesAsync(1, Token);
        Assert.Equal(["passed", "passed", "skipped", "skipped", "passed"], Results(report));
        var message = Encoding.UTF8.GetString(receiver.Messages.Single());
        Assert.Contains(report["eventId"]!.GetValue<string>(), message, StringComparison.Ordinal);
        Assert.StartsWith(message, report["sent"]!.GetValue<string>(), StringComparison.Ordinal);
        var status = await (await running.GetAsync()).GetAsync($"/api/v1/integrations/{id}/status");
        Assert.Equal("Disabled", status["status"]!.GetValue<string>());
        Assert.All(["lastAttemptAt", "lastSuccessAt", "lastError", "nextAttemptAt", "engine", "oldestUndeliveredAt"], name => Assert.Null(status[name]));
        Assert.Equal((0, 0), (status["backlog"]!.GetValue<long>(), status["setAside"]!.GetValue<long>()));
    }

    [Fact]
    public async Task ATestOverTlsPassesWithTheRightAuthorityAndNamesTheWrongOne()
    {
        using var stranger = new CertificateAuthority("Stranger", TimeProvider.System);
        using var certificate = authority.IssueServer("127.0.0.1");
        await using var receiver = TcpSyslogReceiver.Start(new TcpReceiverOptions { Tls = new SslServerAuthenticationOptions { ServerCertificate = certificate } });
        object Request(string pem) => new { serverUrl = $"tls://127.0.0.1:{receiver.Port}", tls = new { caCertificate = pem } };

        var (_, right) = await TestAsync(Request(authority.Pem));
        var (_, wrong) = await TestAsync(Request(stranger.Pem));

        await receiver.WaitForMessagesAsync(1, Token);
        Assert.Equal(["passed", "passed", "passed", "skipped", "passed"], Results(right));
        Assert.Equal(["passed", "passed", "failed", "skipped", "skipped"], Results(wrong));
        Assert.Contains("tls.caCertificate", wrong["stages"]![2]!["advice"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal((true, false), (right["succeeded"]!.GetValue<bool>(), wrong["succeeded"]!.GetValue<bool>()));
    }

    [Theory]
    [InlineData("tcp", "tls")]
    [InlineData("http", "https")]
    public async Task PlainTextToAPortThatSpeaksTlsIsNamed(string plain, string secured)
    {
        using var certificate = authority.IssueServer("127.0.0.1");
        await using var receiver = TcpSyslogReceiver.Start(new TcpReceiverOptions { Tls = new SslServerAuthenticationOptions { ServerCertificate = certificate } });

        var (_, report) = await TestAsync(new { serverUrl = $"{plain}://127.0.0.1:{receiver.Port}" });

        var failed = report["stages"]!.AsArray().Single(stage => (string)stage!["result"]! == "failed")!;
        Assert.Contains("expects TLS", (string)failed["detail"]!, StringComparison.Ordinal);
        Assert.StartsWith($"Use {secured}://", (string)failed["advice"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnAuthorityThatNobodyKnowsIsOfferedWithTheFingerprintOfItsCertificate()
    {
        using var certificate = authority.IssueServer("127.0.0.1");
        await using var receiver = TcpSyslogReceiver.Start(new TcpReceiverOptions { Tls = new SslServerAuthenticationOptions { ServerCertificate = certificate } });
        var serverUrl = $"tls://127.0.0.1:{receiver.Port}";

        var (_, unknown) = await TestAsync(new { serverUrl });
        var fingerprint = ((string)Stage(unknown, "TLS")["advice"]!).Split("tls.fingerprint: ")[1].TrimEnd('.');
        var (_, trusting) = await TestAsync(new { serverUrl, tls = new { fingerprint } });

        Assert.Equal("passed", (string)Stage(trusting, "TLS")["result"]!);
    }

    [Fact]
    public async Task ARefusedTokenFailsTheStageOfAuthenticationAndIsNotShown()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(401, "who are you"));

        var (_, report) = await TestAsync(new { serverUrl = $"http://127.0.0.1:{receiver.Port}/in", authentication = new { type = "bearer", token = "s3cr3t" } });

        Assert.Equal("failed", Stage(report, "authentication")["result"]!.GetValue<string>());
        Assert.Contains("401", Stage(report, "authentication")["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("who are you", report["received"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("Bearer s3cr3t", receiver.Requests.Single().FindHeader("Authorization"));
        Assert.DoesNotContain("s3cr3t", report.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", Encoding.UTF8.GetString(Convert.FromBase64String(report["sentBase64"]!.GetValue<string>())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ARefusedConnectionAndAnUnknownHostAreTold()
    {
        int port;
        await using (var gone = TcpSyslogReceiver.Start())
        {
            port = gone.Port;
        }

        var (_, refused) = await TestAsync(new { serverUrl = $"tcp://127.0.0.1:{port}" });
        var (_, unknown) = await TestAsync(new { serverUrl = "tcp://nowhere.invalid" });

        Assert.Equal(["passed", "failed", "skipped", "skipped", "skipped"], Results(refused));
        Assert.NotNull(Stage(refused, "connection")["advice"]);
        Assert.Equal(["failed", "skipped", "skipped", "skipped", "skipped"], Results(unknown));
        Assert.Contains("nowhere.invalid", Stage(unknown, "name resolution")["detail"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    public void Dispose() => authority.Dispose();

    private async Task<(int Id, JsonNode Report)> TestAsync(object request)
    {
        var forwarder = await running.GetAsync();
        var body = System.Text.Json.JsonSerializer.SerializeToNode(request)!;
        body["name"] = $"test-{Guid.NewGuid():N}";
        var created = await forwarder.PostAsync("/api/v1/integrations", body);
        var id = created["id"]!.GetValue<int>();
        return (id, await forwarder.PostAsync($"/api/v1/integrations/{id}/test"));
    }

    private static IEnumerable<string> Results(JsonNode report) => report["stages"]!.AsArray().Select(stage => stage!["result"]!.GetValue<string>());

    private static JsonNode Stage(JsonNode report, string name) => report["stages"]!.AsArray().Single(stage => stage!["name"]!.GetValue<string>() == name)!;
}
