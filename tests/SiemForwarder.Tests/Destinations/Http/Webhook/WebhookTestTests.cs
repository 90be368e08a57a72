using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http.Webhook;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http.Webhook;

public sealed class WebhookTestTests
{
    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    [Fact]
    public async Task ATestShowsRequestAndAnswerWithTheSecretMasked()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200, "thank you"));

        var report = await TestAsync(receiver, gzip: true);

        Assert.True(report.Succeeded);
        Assert.Equal(
            [TestStageResult.Passed, TestStageResult.Passed, TestStageResult.Skipped, TestStageResult.Passed, TestStageResult.Passed],
            report.Stages.Select(stage => stage.Result));
        var sent = Encoding.UTF8.GetString(report.Sent.Span);
        Assert.StartsWith("POST /in HTTP/1.1\r\n", sent);
        Assert.Contains("Authorization: Bearer ***\r\n", sent);
        Assert.EndsWith("\r\n\r\n{\"test\":true}", sent);
        var received = Encoding.UTF8.GetString(report.Received.Span);
        Assert.StartsWith("HTTP/1.1 200", received);
        Assert.EndsWith("thank you", received);
    }

    [Theory]
    [InlineData(401, TestStageName.Authentication, "credentials")]
    [InlineData(403, TestStageName.Authentication, "to send events")]
    [InlineData(404, TestStageName.Acceptance, "path")]
    [InlineData(405, TestStageName.Acceptance, "path")]
    [InlineData(413, TestStageName.Acceptance, "size limit")]
    [InlineData(415, TestStageName.Acceptance, "http.body")]
    [InlineData(302, TestStageName.Acceptance, "server URL")]
    [InlineData(503, TestStageName.Acceptance, "health")]
    public async Task EachRefusalFailsItsStageAndSaysWhatToChange(int status, string stage, string advice)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(status));

        var failed = Assert.Single((await TestAsync(receiver)).Stages, each => each.Result == TestStageResult.Failed);

        Assert.Equal(stage, failed.Name);
        Assert.Contains($"HTTP {status}", failed.Detail);
        Assert.Contains(advice, failed.Advice);
    }

    [Fact]
    public async Task AWebPageIsNotTakenForAnIntake()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200, "<!DOCTYPE html><title>Sign in</title>") { Headers = ["Content-Type: text/html"] });

        var failed = Assert.Single((await TestAsync(receiver)).Stages, stage => stage.Result == TestStageResult.Failed);

        Assert.Contains("web page", failed.Detail);
    }

    [Fact]
    public async Task AReceiverThatDoesNotSpeakHttpIsSaid()
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Greeting = "220 mail ready\r\n\r\n"u8.ToArray() });
        await using var destination = WebhookDestination.Kind.Open(SomeSettings.For($"http://127.0.0.1:{receiver.Port}/in"), TimeProvider.System);

        var failed = Assert.Single((await destination.TestAsync(SomeBatch.Of("{}"), Soon)).Stages, stage => stage.Result == TestStageResult.Failed);

        Assert.Contains("did not answer in HTTP", failed.Detail);
    }

    private static async Task<TestReport> TestAsync(HttpReceiver receiver, bool gzip = false)
    {
        await using var destination = WebhookDestination.Kind.Open(
            SomeSettings.For($"http://127.0.0.1:{receiver.Port}/in") with
            {
                Http = new(Gzip: gzip),
                Authentication = new(AuthenticationType.Bearer, Token: new Secret("t0ken-t0ken")),
            },
            TimeProvider.System);
        return await destination.TestAsync(SomeBatch.Of("{\"test\":true}"), Soon);
    }
}
