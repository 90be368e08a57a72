using System.Globalization;
using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations.Sockets;

namespace SiemForwarder.Tests.Destinations.Sockets;

/// <summary>When a message that a receiver refuses counts as refused for good, and how far a batch over RELP came.</summary>
public sealed class RefusalCountTests
{
    [Fact]
    public void AMessageIsRefusedForGoodWhenItWasRefusedOftenEnough()
    {
        var count = new RefusalCount(3);

        Assert.Equal([false, false, true, true], Enumerable.Range(0, 4).Select(_ => count.IsFinal("one"u8)));
        Assert.False(count.IsFinal("other"u8));
    }

    [Fact]
    public void AMessageThatWasTakenAfterAllBeginsAnew()
    {
        var count = new RefusalCount(2);
        count.Forget("one"u8);
        Assert.False(count.IsFinal("one"u8));
        Assert.False(count.IsFinal("other"u8));
        count.Forget("one"u8);

        Assert.False(count.IsFinal("one"u8));
        Assert.True(count.IsFinal("other"u8));
    }

    [Fact]
    public void OnlySoManyMessagesAreKnownAtATime()
    {
        var count = new RefusalCount(2);
        count.IsFinal("first"u8);
        for (var number = 1; number < 20_000; number++)
        {
            count.IsFinal(Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
        }

        Assert.False(count.IsFinal("first"u8));

        var fewer = new RefusalCount(2);
        fewer.IsFinal("first"u8);
        for (var number = 1; number < 19_999; number++)
        {
            fewer.IsFinal(Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
        }

        Assert.True(fewer.IsFinal("first"u8));
    }

    [Fact]
    public void EveryAnswerButTwoHundredIsARefusalInItsPlace()
    {
        var result = new RelpResult();
        result.Note("200 OK"u8);
        result.Note("500 queue\nfull"u8);
        result.Note("200"u8);
        result.Note("20"u8);

        Assert.Equal((4, 2), (result.Answered, result.Taken));
        Assert.Equal([new(1, "500 queue full"), new(3, "20")], result.Refused);
        Assert.Null(result.Fault);
    }

    [Theory]
    [InlineData("", 10, "")]
    [InlineData("a b", 10, "a b")]
    [InlineData(" a\r\n\tb\u2028c\u2029d \0", 20, "a b c d")]
    [InlineData("\n\na\n", 10, "a")]
    [InlineData("abcde", 5, "abcde")]
    [InlineData("abcdef", 5, "abcde…")]
    [InlineData("ab\n\n\n\ncd", 5, "ab cd")]
    [InlineData("abcd\n\nef", 5, "abcd …")]
    public void ForeignTextFitsOnOneLine(string text, int length, string expected)
    {
        Assert.Equal(expected, OneLine.Of(text, length));
        Assert.Equal(expected, OneLine.Of(Encoding.UTF8.GetBytes(text), length));
    }

    [Fact]
    public void BrokenTextIsShownAsSuchAndThreeHundredCharactersAreTheMost()
    {
        Assert.Equal("a\uFFFDb", OneLine.Of([(byte)'a', 0xFF, (byte)'b']));
        Assert.Equal(301, OneLine.Of(new string('x', 301)).Length);
        Assert.Equal(300, OneLine.Of(new string('x', 300)).Length);
        Assert.Equal(301, OneLine.Of(Encoding.UTF8.GetBytes(new string('x', 400))).Length);
    }
}
