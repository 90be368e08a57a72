using SiemForwarder.Connections;

namespace SiemForwarder.Tests.Connections;

public sealed class HeaderLineTests
{
    [Theory]
    [InlineData("X-API-Key: abc", "X-API-Key", "abc")]
    [InlineData("Authorization:Splunk 1-2", "Authorization", "Splunk 1-2")]
    [InlineData(" X : a:b ", "X", "a:b")]
    public void ALineIsTakenApart(string line, string name, string value)
    {
        Assert.True(HeaderLine.TryParse(new Secret(line), out var readName, out var readValue));
        Assert.Equal((name, value), (readName, readValue.Reveal()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("no colon")]
    [InlineData(": value")]
    [InlineData("Name:")]
    [InlineData("Name:   ")]
    [InlineData("Two words: x")]
    [InlineData("Näme: x")]
    [InlineData("X: a\r\nY: b")]
    [InlineData("X: a\nb")]
    [InlineData("X: a\tb")]
    [InlineData("X: zoë")]
    public void WhatIsNoHeaderLineIsRefused(string line) => Assert.False(HeaderLine.TryParse(new Secret(line), out _, out _));
}
