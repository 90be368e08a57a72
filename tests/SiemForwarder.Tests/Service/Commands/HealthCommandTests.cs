using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SiemForwarder.Service.Commands;
using SiemForwarder.Simulator;
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
    public async Task ProbesGoToThePortThatIsTheirs()
    {
        await using var api = HttpReceiver.Start(_ => new HttpReply(404, "not here"));
        await using var probe = HttpReceiver.Start(_ => new HttpReply(200, "ready"));

        var (code, text) = await RunAsync($"http://127.0.0.1:{api.Port};http://127.0.0.1:{probe.Port}", probe.Port);

        Assert.Equal((0, "ready"), (code, text));
    }

    [Theory]
    [InlineData("--urls=http://127.0.0.1:{0}")]
    [InlineData("--http_ports={0}")]
    [InlineData("--Kestrel:Endpoints:Http:Url=http://127.0.0.1:{0}")]
    public async Task TheOptionsOfTheServiceAreReadAsTheServiceReadsThem(string option)
    {
        await using var service = HttpReceiver.Start(_ => new HttpReply(200, "ready"));
        await using var output = new StringWriter(CultureInfo.InvariantCulture);

        var code = await HealthCommand.RunAsync(
            [string.Format(CultureInfo.InvariantCulture, option, service.Port)], output, TestContext.Current.CancellationToken);

        Assert.Equal((0, "ready"), (code, output.ToString().Trim()));
    }

    [Fact]
    public void WhereTheServiceListensIsReadFromItsDataFolderWhileItRuns()
    {
        var folder = Directory.CreateTempSubdirectory("siemforwarder-listening-");
        try
        {
            Assert.Null(ListeningFile.Write(folder.FullName, ["http://127.0.0.1:4711", "https://[::]:4712"]));
            Assert.Equal(["http://127.0.0.1:4711", "https://[::]:4712"], ListeningFile.Read(folder.FullName));

            File.WriteAllLines(Path.Combine(folder.FullName, "listening"), ["2147483647", "http://127.0.0.1:4711"]);
            Assert.Empty(ListeningFile.Read(folder.FullName));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task AServiceThatListensWithTlsAloneIsAskedWithTls()
    {
        await using var keycloak = await KeycloakSimulator.StartAsync(
            new SimulatorOptions { Certificate = SelfSigned() }, TestContext.Current.CancellationToken);

        var (code, text) = await RunAsync($"https://0.0.0.0:{keycloak.BaseUrl.Port}");

        // It is no forwarder, so it knows no such path: that it answered is enough.
        Assert.Equal(1, code);
        Assert.DoesNotContain("does not respond", text, StringComparison.Ordinal);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=elsewhere", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    private static async Task<(int Code, string Text)> RunAsync(string urls, int? probePort = null)
    {
        await using var output = new StringWriter(CultureInfo.InvariantCulture);
        var code = await HealthCommand.AskAsync(urls.Split(';'), probePort, output, TestContext.Current.CancellationToken);
        return (code, output.ToString().Trim());
    }
}
