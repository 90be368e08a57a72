using System.Net;
using System.Net.Sockets;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using Microsoft.Extensions.Configuration;
using SiemForwarder.Destinations;
using SiemForwarder.Simulator.Receivers;
using SiemForwarder.Tests.Destinations;
using Endpoint = SiemForwarder.Connections.Endpoint;

namespace SiemForwarder.Tests.Connections.Network;

/// <summary>What the operator allows holds when something is saved, and for the very address of every connection.</summary>
public sealed class EgressPolicyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, true, true, "127.0.0.1", true)]
    [InlineData(null, false, true, "127.0.0.1", false)]
    [InlineData(null, false, true, "::ffff:127.0.0.1", false)]
    [InlineData(true, false, true, "127.0.0.1", true)]
    [InlineData(false, true, true, "127.0.0.1", false)]
    [InlineData(null, true, true, "10.1.2.3", true)]
    [InlineData(null, true, false, "10.1.2.3", false)]
    [InlineData(null, true, false, "fd00::1", false)]
    [InlineData(null, true, false, "192.0.2.1", true)]
    [InlineData(true, true, true, "169.254.169.254", false)]
    [InlineData(true, true, true, "0.0.0.0", false)]
    [InlineData(true, true, true, "224.0.0.1", false)]
    [InlineData(true, true, true, "255.255.255.255", false)]
    public void LoopbackAndPrivateNetworksAreWhatTheOperatorSays(bool? loopback, bool onLoopbackAlone, bool privately, string address, bool allowed)
    {
        var policy = new EgressOptions { Loopback = loopback, Private = privately }.ToPolicy(onLoopbackAlone);

        Assert.Equal(allowed, policy.Judge("siem.example.com", IPAddress.Parse(address)) is null);
    }

    [Theory]
    [InlineData("10.20.3.4", true)]
    [InlineData("::ffff:10.20.3.4", true)]
    [InlineData("10.21.3.4", false)]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.0.0.2", false)]
    [InlineData("169.254.169.254", false)]
    public void ListedNetworksAreAllowedAndMetadataNever(string address, bool allowed)
    {
        var policy = new EgressOptions { Loopback = false, Private = false, Networks = ["10.20.0.0/16", "127.0.0.1/32", "169.254.0.0/16"] }.ToPolicy(true);

        Assert.Equal(allowed, policy.Judge("siem.example.com", IPAddress.Parse(address)) is null);
    }

    [Theory]
    [InlineData(443, true)]
    [InlineData(6514, true)]
    [InlineData(6600, false)]
    [InlineData(22, false)]
    public void PortsAreAllowedByList(int port, bool allowed)
    {
        var refused = new EgressOptions { Ports = ["443", "6500-6599"] }.ToPolicy(true).Judge(new Endpoint("siem.example.com", port));

        Assert.Equal(allowed, refused is null);
        Assert.True(allowed || refused!.What.Contains($"port {port}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080", true)]
    [InlineData("http://localhost:8080;http://[::1]:8081", true)]
    [InlineData("http://0.0.0.0:8080", false)]
    [InlineData("http://127.0.0.1:8080;https://*:8443", false)]
    [InlineData("https://siem.example.com:8443", false)]
    public void LoopbackIsAllowedWhereTheServiceListensThereAlone(string urls, bool alone) => Assert.Equal(
        alone, Listening.IsOnLoopbackAlone(new ConfigurationBuilder().AddInMemoryCollection([new("urls", urls)]).Build()));

    public static TheoryData<string> EveryTransport => ["tcp", "tls", "udp", "http", "relp"];

    [Theory]
    [MemberData(nameof(EveryTransport))]
    public async Task EveryDestinationIsHeldByThePolicyWhenItConnects(string scheme)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var settings = SomeSettings.For($"{scheme}://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}") with
        {
            Egress = EgressPolicy.Usual with { Loopback = false },
        };
        await using var destination = (scheme == "relp" ? DestinationCatalog.Find("relp")! : DestinationCatalog.FindByScheme(scheme)!).Open(settings, TimeProvider.System);

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(SomeBatch.Json(1), Token));

        Assert.Contains("Forwarder__Egress__Loopback", $"{outcome}", StringComparison.Ordinal);
        Assert.False(listener.Pending());
    }

    [Fact]
    public async Task ANameThatLeadsToMetadataIsRefusedWhereAProxyWouldLookItUp()
    {
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        var port = ((IPEndPoint)proxy.LocalEndpoint).Port;
        var names = new NameLookup(
            host => host switch
            {
                "evil.test" => [IPAddress.Parse("169.254.169.254")],
                "both.test" => [IPAddress.Parse("192.0.2.1"), IPAddress.Parse("::ffff:169.254.169.254")],
                _ => throw new SocketException((int)SocketError.HostNotFound),
            }, TimeProvider.System);
        foreach (var host in new[] { "evil.test", "both.test", "2852039166", "metadata.google.internal" })
        {
            using var connector = Through(host);
            var opened = await connector.OpenAsync(null, Token);

            Assert.False(opened.TryGet(out _, out var fault));
            Assert.Contains("metadata", fault.What, StringComparison.Ordinal);
        }

        Assert.False(proxy.Pending());

        // What nobody here knows is the proxy's to look up.
        using var unknown = Through("elsewhere.test");
        using var stop = new CancellationTokenSource();
        var opening = unknown.OpenAsync(null, stop.Token);
        using var asked = await proxy.AcceptSocketAsync(Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);

        Connector Through(string host) => new(
            new ConnectionSettings(new Endpoint(host, 443)) { Proxy = new Uri($"http://127.0.0.1:{port}") }, secure: false, null, TimeProvider.System) { Names = names };
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080", "keycloak.baseUrl")]
    [InlineData("http://localhost:8080", "keycloak.baseUrl")]
    [InlineData("http://[::ffff:7f00:1]:8080", "keycloak.baseUrl")]
    [InlineData("http://10.1.2.3", "keycloak.baseUrl")]
    [InlineData("http://224.0.0.1", "keycloak.baseUrl")]
    [InlineData("http://192.0.2.1:22", "keycloak.baseUrl")]
    [InlineData("http://192.0.2.1", null)]
    [InlineData("http://no-such-name.invalid", null)]
    public async Task WhatIsSavedIsJudged(string url, string? field)
    {
        var errors = new FieldErrors();
        var policy = EgressPolicy.Usual with { Loopback = false, Private = false, Ports = [new PortRange(80, 80), new PortRange(8080, 8080)] };

        await EgressRules.CheckAsync(policy, "keycloak.baseUrl", url, errors, Token);

        Assert.Equal(field is null ? [] : [field], errors.ByField.Keys);
    }
}
