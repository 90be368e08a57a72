using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Dispatch;

public sealed class DeliveryRecordTests
{
    [Theory]
    [InlineData(0, 3, "1,2,3", "")]
    [InlineData(0, 3, "", "1-3")]
    [InlineData(10, 15, "11,13", "12-12 14-15")]
    [InlineData(10, 15, "12,13,15", "11-11 14-14")]
    [InlineData(10, 12, "12", "11-11")]
    [InlineData(7, 7, "", "")]
    public void TheRunsThatNoEventHasAreNamed(long after, long last, string positions, string expected)
    {
        var events = positions.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(position => Some.LoginEvent(position: long.Parse(position, System.Globalization.CultureInfo.InvariantCulture))).ToArray();

        var ranges = DeliveryRecord.PassedOver(after, last, events);

        Assert.Equal(expected, string.Join(' ', (ranges ?? []).Select(range => $"{range.LowerBound}-{range.UpperBound}")));
        Assert.Equal(expected.Length == 0, ranges is null);
    }
}
