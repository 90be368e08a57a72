using System.Text;
using SiemForwarder.Events.Lint;
using SiemForwarder.Tests.Events.Formats;

namespace SiemForwarder.Tests.Events.Lint;

/// <summary>Streams are taken apart into messages, and bodies into fields.</summary>
public sealed class FrameReaderTests
{
    [Theory]
    [InlineData("<86>one\n<86>two\n", "<86>one:8 <86>two:8")]
    [InlineData("7 <86>one9 <86>two\nx", "<86>one:9 <86>two\nx:11")]
    [InlineData("2 syslog 7 <86>one\n10 syslog 3 two\n", "<86>one:19 two:16")]
    [InlineData("{\"a\":1}\n", "{\"a\":1}:8")]
    public void MessagesComeBackWithTheLengthOfTheirFrames(string stream, string expected)
    {
        var frames = FrameReader.Read(Encoding.UTF8.GetBytes(stream), out var findings);

        Assert.Equal(expected, string.Join(' ', frames.Select(frame => $"{Encoding.UTF8.GetString(frame.Message.Span)}:{frame.Octets}")));
        Assert.Empty(findings);
    }

    [Theory]
    [InlineData("<86>one")]
    [InlineData("9 <86>one")]
    [InlineData("9")]
    [InlineData("99999999999 <86>one")]
    [InlineData("2 syslog 9 <86>one\n")]
    [InlineData("2 syslog 7 <86>one ")]
    public void AFrameWithoutItsEndIsFound(string stream)
    {
        FrameReader.Read(Encoding.UTF8.GetBytes(stream), out var findings);

        Assert.Equal("framing", Assert.Single(findings).Rule);
    }

    [Theory]
    [InlineData("{\"event\":\"CEF:0|a|b|1|c|d|1|suser=x\"}\n", "event.suser=x")]
    [InlineData("{\"data\":\"Q0VGOjB8YXxifDF8Y3xkfDF8c3VzZXI9eA==\"}", "data.suser=x")]
    [InlineData("{\"create\":{\"_id\":\"7\"}}\n{\"message\":\"CEF:0|a|b|1|c|d|1|suser=x\"}\n", "create._id=7")]
    [InlineData("{\"attributes\":[{\"key\":\"user.name\",\"value\":{\"stringValue\":\"x\"}}]}", "attributes.user.name.stringValue=x")]
    [InlineData("CEF:0|a|b|1|c|d|1|suser=x", "suser=x")]
    public void WhatADestinationPutsAroundAMessageIsReadToo(string body, string expected)
    {
        var reading = RequestReader.Read(Encoding.UTF8.GetBytes(body), "CEF:0|a|b|1|c|d|1|suser=x"u8.ToArray(), FormatSettings.For("cef"));

        Assert.Contains(expected, reading.Fields.Select(field => $"{field.Name}={field.Value}"));
        Assert.Empty(reading.Findings);
    }

    [Fact]
    public void AFaultOfTheMessageIsFoundWhereverItStands() => Assert.Equal(
        "cef.escape", Assert.Single(RequestReader.Read("{\"n\":1}"u8.ToArray(), "CEF:0|a|b|1|c|d|1|suser=x=y"u8.ToArray(), FormatSettings.For("cef")).Findings).Rule);
}
