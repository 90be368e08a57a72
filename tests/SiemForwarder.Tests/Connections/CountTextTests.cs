using SiemForwarder.Connections;

namespace SiemForwarder.Tests.Connections;

/// <summary>How things are counted in a sentence.</summary>
public sealed class CountTextTests
{
    [Theory]
    [InlineData(0, "0 events")]
    [InlineData(1, "1 event")]
    [InlineData(2, "2 events")]
    [InlineData(1_234_567, "1,234,567 events")]
    public void OneIsNotMany(long count, string text) => Assert.Equal(text, CountText.Of(count, "event"));
}
