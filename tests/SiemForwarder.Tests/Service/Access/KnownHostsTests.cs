using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using SiemForwarder.Service.Access;

namespace SiemForwarder.Tests.Service.Access;

/// <summary>Which names the API answers under, by what it listens on and what the operator adds.</summary>
public sealed class KnownHostsTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8080", "localhost:8080", true)]
    [InlineData("http://127.0.0.1:8080", "localhost.", true)]
    [InlineData("http://127.0.0.1:8080", "127.0.0.2", true)]
    [InlineData("http://127.0.0.1:8080", "[::1]", true)]
    [InlineData("http://127.0.0.1:8080", "machine", false)]
    [InlineData("http://127.0.0.1:8080", "192.0.2.7", false)]
    [InlineData("http://127.0.0.1:8080", "", false)]
    [InlineData("http://127.0.0.1:8080", "evil.localhost", false)]
    [InlineData("http://192.0.2.7:8080", "192.0.2.7:8080", true)]
    [InlineData("http://192.0.2.7:8080", "192.0.2.8", false)]
    [InlineData("https://siem.example.com", "SIEM.EXAMPLE.COM", true)]
    [InlineData("https://siem.example.com", "example.com", false)]
    [InlineData("https://siem.example.com", "192.0.2.7", false)]
    [InlineData("http://[2001:db8::7]:80", "[2001:DB8:0::7]", true)]
    [InlineData("http://0.0.0.0:8080", "192.0.2.7:8080", true)]
    [InlineData("http://[::]:8080", "[2001:db8::7]", true)]
    [InlineData("http://*:8080", "MACHINE:8080", true)]
    [InlineData("http://+:8080", "evil.example", false)]
    [InlineData("http://0.0.0.0:8080", "forwarder:8080", false)]
    public void OnlyNamesThatCanBeMeantAreKnown(string url, string host, bool known) =>
        Assert.Equal(known, new KnownHosts([url], [], ["machine"]).Contains(new HostString(host)));

    [Theory]
    [InlineData("forwarder", "forwarder:8080", true)]
    [InlineData(" Siem.example.com. ", "siem.example.com", true)]
    [InlineData("siem.example.com:8443", "siem.example.com", true)]
    [InlineData("*", "anything.example", true)]
    [InlineData("siem.example.com", "x.siem.example.com", false)]
    public void TheOperatorAddsNames(string allowed, string host, bool known) =>
        Assert.Equal(known, new KnownHosts(["http://127.0.0.1:8080"], [allowed], ["machine"]).Contains(new HostString(host)));

    [Theory]
    [InlineData("urls", "http://siem.example.com:1;http://127.0.0.1:2", "siem.example.com", true)]
    [InlineData("http_ports", "8080", "192.0.2.7", true)]
    [InlineData("Kestrel:Endpoints:Own:Url", "https://siem.example.com:8443", "siem.example.com", true)]
    [InlineData("Kestrel:Endpoints:Own:Url", "https://siem.example.com:8443", "192.0.2.7", false)]
    public void TheSettingsOfTheServerAreRead(string name, string value, string host, bool known)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new(name, value)]).Build();

        Assert.Equal(known, KnownHosts.Of(configuration, new AccessOptions()).Contains(new HostString(host)));
    }
}
