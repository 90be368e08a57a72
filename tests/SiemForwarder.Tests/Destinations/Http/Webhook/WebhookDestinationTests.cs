using System.Net.Security;
using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http.Webhook;
using SiemForwarder.Simulator.Receivers;
using SiemForwarder.Tests.Connections.Tls;

namespace SiemForwarder.Tests.Destinations.Http.Webhook;

public sealed class WebhookDestinationTests : HttpDestinationContract
{
    internal override IDestination Open(DestinationSettings settings) => WebhookDestination.Kind.Open(
        settings with { Http = new(HttpBody.Array), Authentication = new(AuthenticationType.Basic, "user", new Secret(SecretText)) }, TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) =>
        SomeBatch.Of([.. Enumerable.Range(0, count).Select(number => $"{{\"n\":{number}}}")]);

    [Fact]
    public async Task AnIntakeThatIsGoneHoldsTheIntegration()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(410));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        AssertReadable(outcome.Reason);
        Assert.Contains("no longer exists", outcome.Reason);
    }

    [Fact]
    public async Task ARequestIsPlainHttpWithoutSurprises()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenBare(SomeSettings.For($"http://localhost:{receiver.Port}/in/a%20b?key=1"));

        await destination.SendAsync(Batch(1), Soon);

        var request = Assert.Single(receiver.Requests);
        Assert.Equal("POST /in/a%20b?key=1 HTTP/1.1", request.RequestLine);
        Assert.Equal(
            ["Content-Length", "Content-Type", "Host", "User-Agent"],
            request.Head.Split("\r\n").Skip(1).Where(line => line.Length > 0).Select(line => line[..line.IndexOf(':')]).Order());
        Assert.Equal($"localhost:{receiver.Port}", request.FindHeader("Host"));
        Assert.Equal("SiemForwarder/0.1.0", request.FindHeader("User-Agent"));
        Assert.Equal("application/json", request.FindHeader("Content-Type"));
        Assert.Equal("{\"n\":0}", Encoding.UTF8.GetString(request.Body));
    }

    [Theory]
    [InlineData(HttpBody.Array, "application/json", "application/json", "[{\"n\":0},{\"n\":1}]")]
    [InlineData(HttpBody.Ndjson, "application/json", "application/x-ndjson", "{\"n\":0}\n{\"n\":1}\n")]
    [InlineData(HttpBody.Ndjson, "text/plain", "text/plain; charset=utf-8", "{\"n\":0}\n{\"n\":1}\n")]
    [InlineData(HttpBody.Array, "text/plain", "application/json", "[\"{\\u0022n\\u0022:0}\",\"{\\u0022n\\u0022:1}\"]")]
    public async Task EventsBecomeABody(HttpBody body, string contentType, string expectedType, string expected)
    {
        foreach (var gzip in new[] { false, true })
        {
            await using var receiver = HttpReceiver.Start(Accepted);
            await using var destination = OpenBare(SomeSettings.For(UrlOf(receiver)) with { Http = new(body, gzip, contentType) });

            Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

            var request = Assert.Single(receiver.Requests);
            Assert.Equal(gzip ? "gzip" : null, request.FindHeader("Content-Encoding"));
            Assert.Equal(expectedType, request.FindHeader("Content-Type"));
            Assert.Equal(expected, Encoding.UTF8.GetString(request.PlainBody));
        }
    }

    [Fact]
    public async Task ALineBreakInAnEventCannotBeginAnotherLine()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenBare(SomeSettings.For(UrlOf(receiver)) with { Http = new(HttpBody.Ndjson, ContentType: "text/plain") });

        await destination.SendAsync(SomeBatch.Of("CEF:0|a\r\nCEF:0|forged"), Soon);

        Assert.Equal("CEF:0|a  CEF:0|forged\n", Encoding.UTF8.GetString(receiver.Requests[0].Body));
    }

    [Theory]
    [InlineData(AuthenticationType.None, "Authorization", null)]
    [InlineData(AuthenticationType.Basic, "Authorization", "Basic dXNlcjpww6Rzcw==")]
    [InlineData(AuthenticationType.Bearer, "Authorization", "Bearer abc.def")]
    [InlineData(AuthenticationType.Header, "X-Api-Key", "k: 1")]
    public async Task CredentialsGoIntoTheirHeader(AuthenticationType type, string header, string? expected)
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenBare(SomeSettings.For(UrlOf(receiver)) with
        {
            Authentication = new(type, "user", new Secret("päss"), new Secret("X-Api-Key: k: 1"), new Secret("abc.def")),
        });

        await destination.SendAsync(Batch(1), Soon);

        Assert.Equal(expected, Assert.Single(receiver.Requests).FindHeader(header));
    }

    [Theory]
    [InlineData("no colon", "Name: value")]
    [InlineData("X-Key: a\r\nX-Other: b", "Name: value")]
    [InlineData("X Key: a", "Name: value")]
    [InlineData("Content-Length: 5", "Content-Length")]
    public async Task AHeaderLineThatIsNoneIsMisconfigured(string line, string hint)
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenBare(SomeSettings.For(UrlOf(receiver)) with { Authentication = new(AuthenticationType.Header, Header: new Secret(line)) });

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(1), Soon));

        Assert.Contains(hint, outcome.Reason);
        Assert.DoesNotContain("X-Other", outcome.Reason);
        Assert.Empty(receiver.Requests);
    }

    [Fact]
    public async Task ARedirectIsNotFollowed()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(307) { Headers = ["Location: https://login.example.com/secret-path?token=1"] });
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(1), Soon));

        Assert.Single(receiver.Requests);
        Assert.Contains("https://login.example.com", outcome.Reason);
        Assert.DoesNotContain("token=1", outcome.Reason);
    }

    [Fact]
    public async Task CookiesAreNotKept()
    {
        await using var receiver = HttpReceiver.Start(Accepted with { Headers = ["Set-Cookie: a=b"] });
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        await destination.SendAsync(Batch(), Soon);
        await destination.SendAsync(Batch(), Soon);

        Assert.Equal(2, receiver.Requests.Count);
        Assert.All(receiver.Requests, request => Assert.Null(request.FindHeader("Cookie")));
    }

    [Fact]
    public async Task AnEndlessAnswerIsReadNoFurtherThanNeeded()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200, new string('x', 5_000_000)));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var delivered = Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(1), Soon));

        Assert.InRange(delivered.Answer.Length, 1, 400);
    }

    [Fact]
    public async Task SingleEventsGoOneByOneAndEachKeepsItsOwnEnd()
    {
        await using var receiver = HttpReceiver.Start(request => new HttpReply(Encoding.UTF8.GetString(request.Body) switch
        {
            "{\"n\":1}" => 400,
            "{\"n\":3}" => 503,
            _ => 200,
        }));
        await using var destination = OpenBare(SomeSettings.For(UrlOf(receiver)));

        var outcome = Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(Batch(5), Soon));

        Assert.Equal(1, Assert.Single(outcome.Refused).Index);
        Assert.Equal([3, 4], outcome.Retry);
        Assert.Equal(4, receiver.Requests.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task WhereEveryEventIsRefusedEachIsNamedAndNoneIsSentTwice(int count)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(422));
        await using var destination = OpenBare(SomeSettings.For(UrlOf(receiver)));

        var outcome = await destination.SendAsync(Batch(count), Soon);

        Assert.Equal(count, receiver.Requests.Count);
        Assert.Equal(count, outcome is DeliveryOutcome.Partial partial ? partial.Refused.Count : outcome is DeliveryOutcome.Rejected ? 1 : 0);
    }

    [Fact]
    public async Task WhereTheFirstEventFailsTheOutcomeSaysWhy()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(401));
        await using var destination = OpenBare(SomeSettings.For(UrlOf(receiver)));

        Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(5), Soon));
        Assert.Single(receiver.Requests);
    }

    [Fact]
    public async Task HttpsIsCheckedAgainstTheGivenAuthority()
    {
        using var authority = new CertificateAuthority("Test authority", TimeProvider.System);
        await using var receiver = HttpReceiver.Start(Accepted, new SslServerAuthenticationOptions { ServerCertificate = authority.IssueServer("hooks.example.com") });
        var settings = SomeSettings.For($"https://127.0.0.1:{receiver.Port}/in");

        await using var trusting = Open(settings with { Tls = new(authority.Pem, ServerName: "hooks.example.com") });
        await using var strict = Open(settings);

        Assert.IsType<DeliveryOutcome.Delivered>(await trusting.SendAsync(Batch(1), Soon));
        var refused = Assert.IsType<DeliveryOutcome.Misconfigured>(await strict.SendAsync(Batch(1), Soon));
        Assert.Equal(ErrorCategory.Tls, refused.Category);
        AssertReadable(refused.Reason);
        Assert.Equal($"127.0.0.1:{receiver.Port}", Assert.Single(receiver.Requests).FindHeader("Host"));
    }

    [Fact]
    public async Task AnAnswerThatComesWhileTheBodyIsStillBeingSentCountsOverTlsToo()
    {
        using var authority = new CertificateAuthority("Test authority", TimeProvider.System);
        using var certificate = authority.IssueServer("hooks.example.com");
        await using var receiver = new EarlyAnswerServer(413, closes: false, certificate);
        await using var destination = Open(SomeSettings.For($"https://127.0.0.1:{receiver.Port}/in") with { Tls = new(authority.Pem, ServerName: "hooks.example.com") });

        var outcome = Assert.IsType<DeliveryOutcome.Rejected>(await destination.SendAsync(LargeBatch(), Soon));

        Assert.Contains("413", outcome.Reason);
    }

    [Theory]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task AReceiverThatRequiresAClientCertificateSaysSo(string version)
    {
        using var authority = new CertificateAuthority("Test authority", TimeProvider.System);
        await using var server = await OpenSslServer.StartAsync(authority, "hooks.example.com", $"{version} -Verify 2", Soon);
        await using var destination = Open(SomeSettings.For($"https://127.0.0.1:{server.Port}/in") with { Tls = new(authority.Pem, ServerName: "hooks.example.com") });

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(1), Soon));
        var report = await destination.TestAsync(Batch(1), Soon);

        Assert.Equal(ErrorCategory.Tls, outcome.Category);
        Assert.Contains("client certificate", outcome.Reason);
        Assert.Contains("client certificate", Assert.Single(report.Stages, stage => stage.Result == TestStageResult.Failed).ToString());
    }

    private static IDestination OpenBare(DestinationSettings settings) => WebhookDestination.Kind.Open(settings, TimeProvider.System);
}
