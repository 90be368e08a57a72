using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Sockets;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Sockets;

public sealed class SyslogTestTests
{
    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    [Fact]
    public async Task ATestOverTcpShowsTheExactBytesAndClaimsNoMoreThanIsKnown()
    {
        await using var receiver = TcpSyslogReceiver.Start();

        var report = await TestAsync(receiver);

        Assert.True(report.Succeeded);
        Assert.Equal(
            [TestStageResult.Passed, TestStageResult.Passed, TestStageResult.Skipped, TestStageResult.Skipped, TestStageResult.Passed],
            report.Stages.Select(stage => stage.Result));
        Assert.All(report.Stages.Where(stage => stage.Result == TestStageResult.Passed), stage => Assert.True(stage.Elapsed >= TimeSpan.Zero));
        Assert.Contains("Syslog confirms nothing beyond that", report.Stages[4].Detail);
        Assert.Equal("<1>1 test\n", Encoding.UTF8.GetString(report.Sent.Span));
        Assert.Equal(report.Sent.ToArray(), receiver.Connections[0].Bytes);
    }

    [Fact]
    public async Task AReceiverThatTakesTheMessageAndClosesFailsTheTest()
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Conduct = TcpReceiverConduct.CloseAfterEachMessage });

        var failed = Assert.Single((await TestAsync(receiver)).Stages, stage => stage.Result == TestStageResult.Failed);

        Assert.Equal(TestStageName.Acceptance, failed.Name);
        Assert.Contains("closed the connection", failed.Detail);
        Assert.Contains("framing", failed.Advice);
    }

    [Fact]
    public async Task AWebServerOnThePortIsRecognized()
    {
        await using var receiver = TcpSyslogReceiver.Start(new()
        {
            Conduct = TcpReceiverConduct.CloseAfterEachMessage,
            Greeting = "HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(),
        });

        var report = await TestAsync(receiver);

        var failed = Assert.Single(report.Stages, stage => stage.Result == TestStageResult.Failed);
        Assert.Contains("HTTP", failed.Detail);
        Assert.Contains("https://", failed.Advice);
        Assert.StartsWith("HTTP/1.1 400", Encoding.UTF8.GetString(report.Received.Span));
    }

    private static async Task<TestReport> TestAsync(TcpSyslogReceiver receiver)
    {
        await using var destination = SyslogDestination.Kind.Open(SomeSettings.For($"tcp://localhost:{receiver.Port}"), TimeProvider.System);
        return await destination.TestAsync(SomeBatch.Of("<1>1 test"), Soon);
    }
}
