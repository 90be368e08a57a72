using System.Net;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Keycloak.Checks;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Sources;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Service.Keycloak.Client;

/// <summary>A source is no way to the credentials of the machine, nor to what other servers on its network say.</summary>
public sealed class ForbiddenServerTests
{
    private const string Secret = "AKIAIOSFODNN7EXAMPLE";

    private static readonly KeycloakSource Source = new()
    {
        Id = 1, Name = "demo", BaseUrl = new Uri("http://127.0.0.1"), Realm = "r", ClientId = "c", Credential = new KeycloakCredential.ClientSecret(new Secret("s")),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://169.254.169.254")]
    [InlineData("http://2852039166")]
    [InlineData("http://0xA9FEA9FE")]
    [InlineData("http://0251.0376.0251.0376")]
    [InlineData("http://169.254.43518")]
    [InlineData("https://169.254.169.254:8443/auth")]
    [InlineData("http://[::ffff:169.254.169.254]")]
    [InlineData("http://[::ffff:a9fe:a9fe]")]
    [InlineData("http://[64:ff9b::a9fe:a9fe]")]
    [InlineData("http://168.63.129.16")]
    [InlineData("http://100.100.100.200")]
    [InlineData("http://[fd00:ec2::254]")]
    [InlineData("http://[fe80::1]")]
    [InlineData("http://[fe80::1%25eth0]")]
    [InlineData("http://metadata.google.internal")]
    [InlineData("http://Metadata.Google.Internal.:80")]
    public async Task AMetadataAddressIsRefusedWhenItIsSavedAndWhenItIsAsked(string url)
    {
        var errors = new FieldErrors();

        SourceRules.Validate(new SourceRequest { Name = "n", Keycloak = new KeycloakRequest(url, "r", "c", "s") }, new Dictionary<string, Secret>(), errors);

        Assert.Contains("metadata", string.Join(' ', errors.ByField["keycloak.baseUrl"]), StringComparison.Ordinal);
        if (!url.Contains("google", StringComparison.OrdinalIgnoreCase))
        {
            var server = await CheckServerAsync(new Uri(url));
            Assert.Equal(SourceCheckResult.Failed, server.Result);
            Assert.Contains("metadata", server.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ANameIsJudgedByTheVeryAddressThatIsConnectedTo()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200, "reached"));
        var names = new NameLookup(
            host => host == "both.test" ? [IPAddress.Parse("169.254.169.254"), IPAddress.Loopback] : [IPAddress.Parse("169.254.169.254")], TimeProvider.System);
        using var client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false, ConnectCallback = (context, token) => HostConnection.ConnectAsync(context, names, EgressPolicy.Usual, token),
        });

        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync(new Uri($"http://evil.test:{receiver.Port}/"), Token));
        var failure = ConnectionFaults.Classify(Source, refused);
        var reached = await client.GetStringAsync(new Uri($"http://both.test:{receiver.Port}/"), Token);

        Assert.IsType<ConnectFailedException>(refused.InnerException);
        Assert.Equal(ErrorCategory.Configuration, failure.Category);
        Assert.Contains("evil.test leads to 169.254.169.254", failure.Message, StringComparison.Ordinal);
        Assert.Equal("reached", reached);
    }

    [Theory]
    [InlineData(200, "text/plain", Secret)]
    [InlineData(200, "application/json", $$"""{"AccessKeyId":"{{Secret}}"}""")]
    [InlineData(400, "text/html", $"<p>{Secret}</p>")]
    [InlineData(401, "application/json", $$"""{"message":"{{Secret}}"}""")]
    [InlineData(403, "text/plain", Secret)]
    [InlineData(404, "text/plain", Secret)]
    [InlineData(418, "text/plain", Secret)]
    [InlineData(500, "application/json", $$"""{"error":{"inner":"{{Secret}}"} }""")]
    [InlineData(500, "application/json", $"\"{Secret}\"")]
    [InlineData(503, "text/plain", Secret)]
    public async Task WhatAnotherServerSaysIsNotShown(int status, string mediaType, string body)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(status, body) { Headers = [$"Content-Type: {mediaType}"] });

        var server = await CheckServerAsync(new Uri($"http://127.0.0.1:{receiver.Port}"));

        Assert.Equal(SourceCheckResult.Failed, server.Result);
        Assert.DoesNotContain(Secret, server.Detail + server.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatKeycloakItselfSaysIsShown()
    {
        await using var receiver = HttpReceiver.Start(
            new HttpReply(500, """{"error":"unknown_error","error_description":"For more\non this\u001b[31m","errorMessage":"e","other":"no"}""") { Headers = ["Content-Type: application/json"] });

        var server = await CheckServerAsync(new Uri($"http://127.0.0.1:{receiver.Port}"));

        Assert.Contains("answered 500: unknown_error: For more on this [31m: e.", server.Detail, StringComparison.Ordinal);
    }

    private static async Task<SourceCheckItem> CheckServerAsync(Uri url) =>
        (await KeycloakSourceCheck.RunAsync(Source with { BaseUrl = url }, [], TimeProvider.System, Token)).Items.Single(item => item.Name == SourceCheckName.Server);
}
