using SiemForwarder.Connections;

namespace SiemForwarder.Tests.Connections;

public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2025, 11, 3, 10, 15, 30, TimeSpan.Zero);

    [Theory]
    [InlineData("120", 120)]
    [InlineData(" 5 ", 5)]
    [InlineData("3600", 3600)]
    [InlineData("3601", 3600)]
    [InlineData("864000", 3600)]
    [InlineData("99999999999999999999999", 3600)]
    [InlineData("Mon, 03 Nov 2025 10:16:00 GMT", 30)]
    [InlineData("Monday, 03-Nov-25 10:16:00 GMT", 30)]
    [InlineData("Mon Nov  3 10:16:00 2025", 30)]
    [InlineData("Thu, 13 Nov 2025 10:15:30 GMT", 3600)]
    public void SecondsAndDatesAreReadAndBounded(string value, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), RetryAfter.Parse(value, Now));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("1.5")]
    [InlineData("soon")]
    [InlineData("Mon, 03 Nov 2025 10:15:00 GMT")]
    [InlineData("Mon, 33 Nov 2025 10:15:00 GMT")]
    public void NonsenseAndThePastAskForNoWait(string? value) => Assert.Null(RetryAfter.Parse(value, Now));
}
