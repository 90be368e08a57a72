using System.Globalization;
using System.Net;
using System.Net.Sockets;
using SiemForwarder.Service.Commands;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Service.Commands;

/// <summary>The probe that images without an HTTP client run.</summary>
public sealed class HealthCommandTests
{
    [Theory]
    [InlineData("http://0.0.0.0:{0}")]
    [InlineData("http://*:{0}")]
    [InlineData("https://+:1;http://[::]:{0}/")]
    public async Task AReadyServiceEndsWithZero(string urls)
    {
        await using var service = HttpReceiver.Start(_ => new HttpReply(200, "ready"));

        var (code, text) = await RunAsync(string.Format(CultureInfo.InvariantCulture, urls, service.Port));

        Assert.Equal((0, "ready"), (code, text));
        Assert.Contains("GET /health/ready ", service.Requests[0].Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServiceThatIsNotReadyEndsWithOneAndItsReason()
    {
        await using var service = HttpReceiver.Start(_ => new HttpReply(503, "no database"));

        Assert.Equal((1, "no database"), await RunAsync($"http://127.0.0.1:{service.Port}"));
    }

    [Fact]
    public async Task AServiceThatDoesNotAnswerEndsWithOneAndThePort()
    {
        int port;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        var (code, text) = await RunAsync($"http://0.0.0.0:{port}");

        Assert.Equal(1, code);
        Assert.Contains($"port {port}:", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithoutAnHttpAddressItSaysWhatToAdd()
    {
        var (code, text) = await RunAsync("https://0.0.0.0:8443");

        Assert.Equal(1, code);
        Assert.Contains("https://0.0.0.0:8443", text, StringComparison.Ordinal);
        Assert.Contains("add one", text, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Text)> RunAsync(string urls)
    {
        await using var output = new StringWriter(CultureInfo.InvariantCulture);
        var code = await HealthCommand.RunAsync(urls, output, TestContext.Current.CancellationToken);
        return (code, output.ToString().Trim());
    }
}
