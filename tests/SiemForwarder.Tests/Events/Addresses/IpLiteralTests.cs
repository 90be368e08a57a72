using System.Globalization;
using System.Net;
using FsCheck;
using FsCheck.Fluent;
using SiemForwarder.Events.Addresses;
using SiemForwarder.Tests.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Addresses;

/// <summary>Only literal addresses are addresses; ports, lists and mapped ones are read, everything else is text.</summary>
public sealed class IpLiteralTests
{
    [Theory]
    [InlineData("192.0.2.1", AddressKind.IPv4, "192.0.2.1")]
    [InlineData("0.0.0.0", AddressKind.IPv4, "0.0.0.0")]
    [InlineData(" 192.0.2.1\t", AddressKind.IPv4, "192.0.2.1")]
    [InlineData("::", AddressKind.IPv6, "::")]
    [InlineData("::1", AddressKind.IPv6, "::1")]
    [InlineData("1::", AddressKind.IPv6, "1::")]
    [InlineData("2001:DB8::00a1", AddressKind.IPv6, "2001:db8::a1")]
    [InlineData("2001:db8:0:1:1:1:1:1", AddressKind.IPv6, "2001:db8:0:1:1:1:1:1")]
    [InlineData("2001:0:0:1:0:0:0:1", AddressKind.IPv6, "2001:0:0:1::1")]
    [InlineData("2001:db8:0:0:1:0:0:1", AddressKind.IPv6, "2001:db8::1:0:0:1")]
    [InlineData("1:2:3:4:5:6:7::", AddressKind.IPv6, "1:2:3:4:5:6:7:0")]
    [InlineData("64:ff9b::192.0.2.33", AddressKind.IPv6, "64:ff9b::c000:221")]
    [InlineData("[2001:db8::1]", AddressKind.IPv6, "2001:db8::1")]
    [InlineData("::ffff:192.0.2.1", AddressKind.IPv4, "192.0.2.1")]
    [InlineData("::FFFF:c000:0201", AddressKind.IPv4, "192.0.2.1")]
    [InlineData("0:0:0:0:0:ffff:192.0.2.1", AddressKind.IPv4, "192.0.2.1")]
    [InlineData("[::ffff:192.0.2.1]", AddressKind.IPv4, "192.0.2.1")]
    public void ALiteralIsAnAddress(string written, AddressKind kind, string text) => AssertRead(written, kind, text, null);

    [Theory]
    [InlineData("[2001:db8::1]:443", AddressKind.IPv6, "2001:db8::1", 443)]
    [InlineData("[::ffff:192.0.2.1]:65535", AddressKind.IPv4, "192.0.2.1", 65535)]
    [InlineData("192.0.2.1:0", AddressKind.IPv4, "192.0.2.1", 0)]
    [InlineData("192.0.2.1:51044", AddressKind.IPv4, "192.0.2.1", 51044)]
    [InlineData("192.0.2.1:51044, 10.0.0.1", AddressKind.IPv4, "192.0.2.1", 51044)]
    [InlineData("2001:db8::1 ,unknown, <script>", AddressKind.IPv6, "2001:db8::1", null)]
    public void APortAndTheFirstOfAListAreRead(string written, AddressKind kind, string text, int? port) => AssertRead(written, kind, text, port);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("localhost")]
    [InlineData("proxy.example.com:443")]
    [InlineData("1")]
    [InlineData("192.0.2")]
    [InlineData("192.0.2.1.1")]
    [InlineData("192.0.2.256")]
    [InlineData("192.0.2.010")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("192.0.2.1.")]
    [InlineData("192.0.2.+1")]
    [InlineData("192.0.2.１")]
    [InlineData("::ffff:192.0.2.010")]
    [InlineData("::192.0.2.1:1")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[fe80::1%25eth0]:443")]
    [InlineData("[::1]:99999999")]
    [InlineData("[::1]:65536")]
    [InlineData("[::1]:")]
    [InlineData("[::1]:08")]
    [InlineData("[::1]:+8")]
    [InlineData("[::1]x")]
    [InlineData("[::1")]
    [InlineData("::1]")]
    [InlineData("[192.0.2.1]:80")]
    [InlineData("192.0.2.1:65536")]
    [InlineData("192.0.2.1:")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4:5:6:7:8::")]
    [InlineData("1::2::3")]
    [InlineData(":::")]
    [InlineData("1:::2")]
    [InlineData(":1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:")]
    [InlineData("12345::")]
    [InlineData("g::1")]
    [InlineData("::1/64")]
    [InlineData("unknown, 192.0.2.1")]
    [InlineData(", 192.0.2.1")]
    public void EverythingElseIsText(string written)
    {
        AssertRead(written, AddressKind.Text, written, null);
        Assert.Null(IpLiteral.Find(written));
    }

    [Fact]
    public void EveryAddressComesBackAsTheRuntimeReadsIt() =>
        Prop.ForAll(Gen.Choose(0, 255).ListOf(16).ToArbitrary(), numbers =>
        {
            // Many zeros, so that there is something to shorten.
            var six = new IPAddress([.. numbers.Select(number => (byte)(number < 128 ? 0 : number))]);
            var four = new IPAddress([.. numbers.Take(4).Select(number => (byte)number)]);
            Assert.Equal(six, IPAddress.Parse(Text(six.ToString())));
            Assert.Equal(Text(six.ToString()), Text(Text(six.ToString())));
            Assert.Equal(four.ToString(), Text(four.ToString()));
            Assert.Equal(four.ToString(), Text(four.MapToIPv6().ToString()));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Thoroughness.Runs(500)));

    [Fact]
    public void WhatIsReadAsAnAddressIsOne() => Prop.ForAll(HostileText.Any(), text =>
    {
        var literal = IpLiteral.Read(text, new char[IpLiteral.MaxTextLength]);
        Assert.Equal(literal.IsAddress, IpLiteral.Find(text) is not null);
        if (literal.IsAddress)
        {
            Assert.Equal(IpLiteral.Find(text), IPAddress.Parse(literal.Text));
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(Thoroughness.Runs(300)));

    private static string Text(string written) => IpLiteral.Read(written, new char[IpLiteral.MaxTextLength]).Text.ToString();

    private static void AssertRead(string written, AddressKind kind, string text, int? port)
    {
        var literal = IpLiteral.Read(written, new char[IpLiteral.MaxTextLength]);
        Assert.Equal(
            (kind, text, port?.ToString(CultureInfo.InvariantCulture)),
            (literal.Kind, literal.Text.ToString(), literal.Port?.ToString(CultureInfo.InvariantCulture)));
    }
}
