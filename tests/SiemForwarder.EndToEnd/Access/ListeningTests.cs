using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>Where the service listens: not in clear text for the network, with a certificate of today, and apart for probes where that is wanted.</summary>
public sealed class ListeningTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://127.0.0.1:0;http://[::]:0")]
    public async Task BeyondLoopbackTheServiceStartsWithTlsAloneUnlessItIsToldThatAProxyEndsIt(string urls)
    {
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => ForwarderApplication.StartAsync(postgres, $"--urls={urls}"));
        await using var told = await ForwarderApplication.StartAsync(postgres, $"--urls={urls}", "--Forwarder:Access:BehindTlsProxy=true");

        Assert.Contains("Forwarder__Access__BehindTlsProxy", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACertificateThatIsReplacedIsServedWithoutARestart()
    {
        await using var folder = new TemporaryFolder();
        var (first, second) = (WriteCertificate(folder.Path, "first"), WriteCertificate(folder.Path, "second"));
        Install("first");
        var settings = new[] { ("Url", $"https://127.0.0.1:{LoopbackPorts.Next()}"), ("Certificate:Path", $"{folder.Path}/tls.crt"), ("Certificate:KeyPath", $"{folder.Path}/tls.key") };
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, [.. settings.Select(one => $"--Kestrel:Endpoints:Https:{one.Item1}={one.Item2}")]);
        Assert.Equal(first, await ServedAsync(forwarder.Address.Port));

        Install("second");

        await ApiKeyTests.Until(async () => await ServedAsync(forwarder.Address.Port) == second);

        void Install(string name)
        {
            // Whole files at once: a file that is read while it is written holds no certificate.
            File.Move($"{folder.Path}/{name}.key", $"{folder.Path}/tls.key", overwrite: true);
            File.Move($"{folder.Path}/{name}.crt", $"{folder.Path}/tls.crt", overwrite: true);
        }
    }

    [Fact]
    public async Task ProbesHaveAPortOfTheirOwnWhereThatIsWanted()
    {
        var port = LoopbackPorts.Next();
        await using var forwarder = await ForwarderApplication.StartAsync(
            postgres, $"--urls=http://127.0.0.1:0;http://127.0.0.1:{port}", $"--Forwarder:Access:ProbePort={port}");
        using var probe = new Caller(new Uri($"http://127.0.0.1:{port}"));
        using var api = new Caller(forwarder.Addresses.First(address => address.Port != port));

        foreach (var path in (string[])["/metrics", "/health/live", "/health/ready"])
        {
            Assert.Equal((200, 404), (await probe.GetAsync(null, path), await api.GetAsync(null, path)));
        }

        Assert.Equal((404, 200), (await probe.GetAsync(AdminKey.Value), await api.GetAsync(AdminKey.Value)));
    }

    [Fact]
    public async Task MetricsAskForAKeyWhereThatIsWanted()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Access:MetricsNeedKey=true");
        using var caller = new Caller(forwarder.Address);
        var key = (string)(await Caller.NewKeyAsync(forwarder, "siem-viewer"))["key"]!;

        Assert.Equal((401, 200, 200), (await caller.GetAsync(null, "/metrics"), await caller.GetAsync(key, "/metrics"), await caller.GetAsync(null, "/health/ready")));
    }

    private static string WriteCertificate(string folder, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        File.WriteAllText($"{folder}/{name}.crt", certificate.ExportCertificatePem());
        File.WriteAllText($"{folder}/{name}.key", key.ExportPkcs8PrivateKeyPem());
        return certificate.Thumbprint;
    }

    private static async Task<string> ServedAsync(int port)
    {
        var served = "";
        try
        {
            await LookAsync();
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            // The server is just opening its port anew.
        }

        return served;

        async Task LookAsync()
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port, Token);
            await using var tls = new SslStream(client.GetStream(), false, (_, certificate, _, _) => (served = ((X509Certificate2)certificate!).Thumbprint).Length > 0);
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, Token);
        }
    }
}
