using System.Net;
using SiemForwarder.Connections.Network;

namespace SiemForwarder.Tests.Connections.Network;

public sealed class ForbiddenAddressesTests
{
    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("169.254.0.1")]
    [InlineData("169.254.255.255")]
    [InlineData("100.100.100.200")]
    [InlineData("168.63.129.16")]
    [InlineData("192.0.0.192")]
    [InlineData("fe80::1")]
    [InlineData("febf::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fd00:ec2::23")]
    [InlineData("fd20:ce::254")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::169.254.169.254")]
    [InlineData("::ffff:0:169.254.169.254")]
    [InlineData("64:ff9b::169.254.169.254")]
    [InlineData("64:ff9b::a83f:8110")]
    [InlineData("64:ff9b:1::a9fe:a9fe")]
    [InlineData("64:ff9b:1:a9fe:a9:fe00::")]
    [InlineData("2002:a9fe:a9fe::1")]
    [InlineData("2001:0:1234:5678::5601:5601")]
    [InlineData("2001:db8::5efe:169.254.169.254")]
    public void LinkLocalAndMetadataAddressesAreForbiddenInEveryDisguise(string address) =>
        Assert.True(ForbiddenAddresses.Contains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("10.1.2.3")]
    [InlineData("172.16.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("100.64.0.1")]
    [InlineData("169.253.255.255")]
    [InlineData("169.255.0.0")]
    [InlineData("168.63.129.17")]
    [InlineData("192.0.2.10")]
    [InlineData("fd00::1")]
    [InlineData("fd00:ec3::254")]
    [InlineData("2001:db8::7")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("64:ff9b::192.0.2.1")]
    [InlineData("2002:c000:0201::1")]
    public void PrivateAndPublicAddressesArePermitted(string address) =>
        Assert.False(ForbiddenAddresses.Contains(IPAddress.Parse(address)));
}
