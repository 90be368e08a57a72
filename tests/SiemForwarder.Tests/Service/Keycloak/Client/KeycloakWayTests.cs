using SiemForwarder.Connections.Tls;
using SiemForwarder.Service.Keycloak.Checks;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;
using SiemForwarder.Tests.Connections.Network;

namespace SiemForwarder.Tests.Service.Keycloak.Client;

/// <summary>A server that is reached through a proxy, or trusted by its fingerprint.</summary>
public sealed class KeycloakWayTests : IDisposable
{
    private readonly CertificateAuthority authority = new("Nobody knows it", TimeProvider.System);

    public void Dispose() => authority.Dispose();

    [Fact]
    public async Task ARealmIsReadThroughAProxyThatAloneKnowsItsHost()
    {
        using var certificate = authority.IssueServer("keycloak.invalid");
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds, options: new SimulatorOptions { Certificate = certificate });
        await using var proxy = new ConnectProxy(polled.Server.BaseUrl.Port);

        var report = await CheckAsync(
            polled, polled.Source with { BaseUrl = new Uri("https://keycloak.invalid/"), CaCertificate = authority.Pem, Proxy = proxy.Url });

        Assert.True(report.Succeeded, string.Join('\n', report.Items));
        Assert.Equal("CONNECT keycloak.invalid:443 HTTP/1.1\r\nHost: keycloak.invalid:443\r\n\r\n", proxy.Heads[0]);
    }

    [Fact]
    public async Task AProxyThatWantsAPasswordIsSaid()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        await using var proxy = new ConnectProxy(0, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");

        var report = await CheckAsync(polled, polled.Source with { Proxy = proxy.Url });

        Assert.Contains("407", report.Items[0].Detail, StringComparison.Ordinal);
        Assert.Contains("by its address", report.Items[0].Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AProxyIsNotAskedForMetadata()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        await using var proxy = new ConnectProxy(0);

        var report = await CheckAsync(polled, polled.Source with { BaseUrl = new Uri("http://169.254.169.254"), Proxy = proxy.Url });

        Assert.Contains("metadata", report.Items[0].Detail, StringComparison.Ordinal);
        Assert.Empty(proxy.Heads);
    }

    [Fact]
    public async Task AFingerprintStandsForAuthorityAndNameAndAWrongOneTrustsNobody()
    {
        using var certificate = authority.IssueServer("elsewhere.test");
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds, options: new SimulatorOptions { Certificate = certificate });

        var trusted = await CheckAsync(polled, polled.Source with { Fingerprint = CertificatePins.Of(certificate) });
        var wrong = await CheckAsync(polled, polled.Source with { Fingerprint = $"SHA-256:{new string('A', 64)}", CaCertificate = authority.Pem });

        Assert.True(trusted.Succeeded, string.Join('\n', trusted.Items));
        Assert.False(wrong.Succeeded);
        Assert.Contains(CertificatePins.Of(certificate), wrong.Items[0].Detail, StringComparison.Ordinal);
        Assert.Contains("keycloak.fingerprint", wrong.Items[0].Advice, StringComparison.Ordinal);
    }

    private static Task<SourceCheckReport> CheckAsync(PolledRealm polled, KeycloakSource source) =>
        KeycloakSourceCheck.RunAsync(source, [], polled.Clock, PolledRealm.Token);
}
