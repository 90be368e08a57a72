using System.Net.Security;
using System.Text.Json;
using System.Web;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http.Sentinel;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http.Sentinel;

/// <summary>Tokens for the identity of the machine or the pod, from stand-ins of Azure's endpoints.</summary>
public sealed class SentinelIdentityTests : IDisposable
{
    private const string Rule = "dcr-00000000000000000000000000000000";
    private const string SecretText = "hunter2-s3cret";

    private static readonly string[] Variables =
        ["IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_POD_IDENTITY_AUTHORITY_HOST", "AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"];

    private readonly string tokenFile = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
    // The library keeps tokens of managed identities for the whole process.
    private readonly string clientId = Guid.NewGuid().ToString();
    private int given;

    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    public void Dispose()
    {
        foreach (var variable in Variables)
        {
            Environment.SetEnvironmentVariable(variable, null);
        }

        File.Delete(tokenFile);
    }

    [Fact]
    public async Task AManagedIdentityOfAnAppServiceGetsItsTokenFromTheEndpointOfTheApp()
    {
        await using var tokens = HttpReceiver.Start(_ => Token());
        Environment.SetEnvironmentVariable("IDENTITY_ENDPOINT", $"http://127.0.0.1:{tokens.Port}/msi/token");
        Environment.SetEnvironmentVariable("IDENTITY_HEADER", SecretText);
        await using var receiver = HttpReceiver.Start(new HttpReply(204));
        await using var destination = Open(receiver, new { credential = "managedIdentity", clientId, ruleId = Rule });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Json(2), Soon));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Json(2), Soon));

        var asked = Assert.Single(tokens.Requests);
        var query = HttpUtility.ParseQueryString(asked.RequestLine.Split(' ')[1].Split('?')[1]);
        Assert.StartsWith("GET /msi/token?", asked.RequestLine);
        Assert.Equal("https://monitor.azure.com", query["resource"]!.TrimEnd('/'));
        Assert.Equal(clientId, query["client_id"]);
        Assert.Equal(SecretText, asked.FindHeader("X-IDENTITY-HEADER"));
        Assert.Equal("Bearer t1", receiver.Requests[0].FindHeader("Authorization"));
    }

    [Fact]
    public async Task AManagedIdentityOfAVirtualMachineGetsItsTokenFromTheMetadataService()
    {
        await using var tokens = HttpReceiver.Start(_ => Token());
        Environment.SetEnvironmentVariable("AZURE_POD_IDENTITY_AUTHORITY_HOST", $"http://127.0.0.1:{tokens.Port}");
        await using var receiver = HttpReceiver.Start(new HttpReply(204));
        await using var destination = Open(receiver, new { credential = "managedIdentity", clientId, cloud = "usGovernment", ruleId = Rule });

        var report = await destination.TestAsync(SomeBatch.Json(1), Soon);

        Assert.True(report.Succeeded, string.Join('\n', report.Stages));
        var asked = tokens.Requests[^1];
        Assert.StartsWith("GET /metadata/identity/oauth2/token?", asked.RequestLine);
        Assert.Contains("monitor.azure.us", HttpUtility.UrlDecode(asked.RequestLine));
        Assert.Equal("true", asked.FindHeader("Metadata"));
        Assert.Equal("Bearer t1", receiver.Requests[0].FindHeader("Authorization"));
        Assert.DoesNotContain("Bearer t1", System.Text.Encoding.UTF8.GetString(report.Sent.Span));
    }

    [Fact]
    public async Task AWorkloadIdentityShowsTheTokenOfItsPod()
    {
        using var authority = new CertificateAuthority("Entra", TimeProvider.System);
        using var certificate = authority.IssueServer("localhost");
        await using var tokens = HttpReceiver.Start(_ => Token(), new SslServerAuthenticationOptions { ServerCertificate = certificate });
        await File.WriteAllTextAsync(tokenFile, "assertion-of-the-pod", Soon);
        Environment.SetEnvironmentVariable("AZURE_FEDERATED_TOKEN_FILE", tokenFile);
        Environment.SetEnvironmentVariable("AZURE_TENANT_ID", "11111111-1111-1111-1111-111111111111");
        Environment.SetEnvironmentVariable("AZURE_CLIENT_ID", clientId);
        await using var receiver = HttpReceiver.Start(new HttpReply(204));
        await using var destination = Open(
            receiver, new { credential = "workloadIdentity", cloud = "china", authority = $"https://localhost:{tokens.Port}", ruleId = Rule }, authority.Pem);

        var outcome = await destination.SendAsync(SomeBatch.Json(2), Soon);

        Assert.True(outcome is DeliveryOutcome.Delivered, outcome.ToString());
        var asked = tokens.Requests.Single(request => request.RequestLine.StartsWith("POST", StringComparison.Ordinal));
        Assert.Equal("POST /11111111-1111-1111-1111-111111111111/oauth2/v2.0/token HTTP/1.1", asked.RequestLine);
        var form = HttpUtility.ParseQueryString(System.Text.Encoding.UTF8.GetString(asked.PlainBody));
        Assert.Equal("assertion-of-the-pod", form["client_assertion"]);
        Assert.Equal(clientId, form["client_id"]);
        Assert.Contains("https://monitor.azure.cn/.default", form["scope"]);
        Assert.Equal("Bearer t1", receiver.Requests[0].FindHeader("Authorization"));
    }

    [Theory]
    [InlineData(400, typeof(DeliveryOutcome.Misconfigured))]
    [InlineData(500, typeof(DeliveryOutcome.Transient))]
    public async Task WhereThereIsNoIdentityThatIsSaid(int status, Type expected)
    {
        await using var tokens = HttpReceiver.Start(_ => new HttpReply(status, $"{{\"error\":\"invalid_request\",\"error_description\":\"Identity not found {SecretText}\"}}"));
        Environment.SetEnvironmentVariable("IDENTITY_ENDPOINT", $"http://127.0.0.1:{tokens.Port}/msi/token");
        Environment.SetEnvironmentVariable("IDENTITY_HEADER", SecretText);
        await using var receiver = HttpReceiver.Start(new HttpReply(204));
        await using var destination = Open(receiver, new { credential = "managedIdentity", clientId, ruleId = Rule });

        var outcome = await destination.SendAsync(SomeBatch.Json(2), Soon);

        Assert.IsType(expected, outcome);
        Assert.DoesNotContain(SecretText, outcome.ToString());
        Assert.Empty(receiver.Requests);
    }

    [Fact]
    public async Task ATokenThatEndedEarlyIsAskedForOnceMore()
    {
        await using var tokens = HttpReceiver.Start(_ => Token());
        Environment.SetEnvironmentVariable("IDENTITY_ENDPOINT", $"http://127.0.0.1:{tokens.Port}/msi/token");
        Environment.SetEnvironmentVariable("IDENTITY_HEADER", SecretText);
        var served = 0;
        await using var receiver = HttpReceiver.Start(request => new HttpReply(request.FindHeader("Authorization") == "Bearer t1" && ++served > 1 ? 401 : 204));
        await using var destination = Open(receiver, new { credential = "managedIdentity", clientId, ruleId = Rule });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Json(2), Soon));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Json(2), Soon));
    }

    [Theory]
    [InlineData("managedIdentity", "https://siem.example.com", null, null, false, "serverUrl")]
    [InlineData("managedIdentity", "https://evil.ingest.monitor.azure.com.example.com", null, null, false, "serverUrl")]
    [InlineData("managedIdentity", "http://soc.westeurope-1.ingest.monitor.azure.com", null, null, false, "serverUrl")]
    [InlineData("managedIdentity", "http://127.0.0.1:9", null, "http://127.0.0.1:9", false, "serverUrl")]
    [InlineData("managedIdentity", "http://127.0.0.1:9", null, null, false, "serverUrl")]
    [InlineData("managedIdentity", "http://localhost:9", null, null, false, "serverUrl")]
    [InlineData("workloadIdentity", "https://soc.westeurope-1.ingest.monitor.azure.com", "https://localhost:9", null, false, "settings.authority")]
    [InlineData("managedIdentity", "https://soc.westeurope-1.ingest.monitor.azure.com", null, null, true, "tls")]
    [InlineData("workloadIdentity", "https://soc.westeurope-1.ingest.monitor.azure.com", "https://login.example.com", null, false, "settings.authority")]
    [InlineData("workloadIdentity", "https://soc.westeurope-1.ingest.monitor.azure.com", "http://login.microsoftonline.com", null, false, "settings.authority")]
    [InlineData("workloadIdentity", "https://soc.westeurope-1.ingest.monitor.azure.com", null, null, true, "tls")]
    [InlineData("workloadIdentity", "http://127.0.0.1:9", "https://localhost:9", "http://127.0.0.1:9", true, "serverUrl")]
    public async Task TheIdentityOfTheMachineIsShownToAzureAlone(string credential, string url, string? authority, string? proxy, bool ownAuthorities, string field)
    {
        await using var tokens = HttpReceiver.Start(_ => Token());
        using var unknown = new CertificateAuthority("Mine", TimeProvider.System);
        Environment.SetEnvironmentVariable("IDENTITY_ENDPOINT", $"http://127.0.0.1:{tokens.Port}/msi/token");
        Environment.SetEnvironmentVariable("IDENTITY_HEADER", SecretText);
        var settings = SomeSettings.For(url) with
        {
            Settings = SomeSettings.Own(new { credential, authority, ruleId = Rule }),
            Proxy = proxy is null ? null : new Uri(proxy),
            Tls = new TlsSettings(ownAuthorities ? unknown.Pem : null),
        };
        await using var destination = SentinelDestination.Kind.Open(settings, TimeProvider.System);

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(SomeBatch.Json(1), Soon));

        Assert.Contains($"{field} is invalid", outcome.Reason);
        Assert.Equal(ErrorCategory.Configuration, outcome.Category);
        Assert.Empty(tokens.Requests);
    }

    [Theory]
    [InlineData("managedIdentity", null, "https://vault.azure.net/.default")]
    [InlineData("managedIdentity", "china", "https://monitor.azure.com/.default")]
    [InlineData("workloadIdentity", null, "https://management.azure.com/.default")]
    public async Task AnIdentityOfTheMachineGetsTokensForItsCloudsMonitorAlone(string credential, string? cloud, string scope)
    {
        await using var tokens = HttpReceiver.Start(_ => Token());
        Environment.SetEnvironmentVariable("IDENTITY_ENDPOINT", $"http://127.0.0.1:{tokens.Port}/msi/token");
        Environment.SetEnvironmentVariable("IDENTITY_HEADER", SecretText);
        await using var receiver = HttpReceiver.Start(new HttpReply(204));
        var own = new { credential, cloud, scope, ruleId = Rule };
        await using var destination = Open(receiver, own);

        Assert.Equal("settings.scope", Assert.Single(SentinelDestination.Kind.CheckSettings!(SomeSettings.Own(own))).Field);
        Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(SomeBatch.Json(1), Soon));
        Assert.Empty(tokens.Requests);
        Assert.Empty(receiver.Requests);
    }

    [Theory]
    [InlineData("managedIdentity", null)]
    [InlineData("workloadIdentity", "usGovernment")]
    public void ToAzureItIsShown(string credential, string? cloud) => Assert.Empty(
        SentinelSettings.Read(new SettingReader(SomeSettings.Own(new { credential, cloud, ruleId = Rule })))
            .FaultsAt(SomeSettings.For("https://soc.westeurope-1.ingest.monitor.azure.us") with { Proxy = new Uri("http://proxy.example.com:3128") }));

    [Fact]
    public void OnlyAnAppRegistrationNeedsASecret()
    {
        var check = SentinelDestination.Kind.CheckSettings!;

        Assert.Empty(check(SomeSettings.Own(new { credential = "managedIdentity", ruleId = Rule })));
        Assert.Empty(check(SomeSettings.Own(new { credential = "workloadIdentity", ruleId = Rule })));
        Assert.Equal("settings.credential", Assert.Single(check(SomeSettings.Own(new { credential = "none", ruleId = Rule, tenantId = "t", clientId = "c", clientSecret = "s" }))).Field);
    }

    private HttpReply Token() => new(200, JsonSerializer.Serialize(new
    {
        access_token = $"t{++given}",
        expires_in = 86_399,
        expires_on = TimeProvider.System.GetUtcNow().AddDays(1).ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture),
        resource = "https://monitor.azure.com",
        token_type = "Bearer",
    })) { Headers = ["Content-Type: application/json"] };

    private static IDestination Open(HttpReceiver receiver, object own, string? caCertificate = null) => SentinelDestination.Kind.Open(
        SomeSettings.For($"http://127.0.0.1:{receiver.Port}") with
        {
            Settings = SomeSettings.Own(own), Tls = new TlsSettings(caCertificate), ShowsIdentityToLoopback = true,
        }, TimeProvider.System);
}
