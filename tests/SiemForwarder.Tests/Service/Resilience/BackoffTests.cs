using SiemForwarder.Service.Dispatch;
using SiemForwarder.Service.Dispatch.Delivery;

namespace SiemForwarder.Tests.Service.Resilience;

public sealed class BackoffTests
{
    private static readonly DispatchOptions Options = new();

    [Theory]
    [InlineData(1, 0.0, null, 0.5)]
    [InlineData(1, 1.0, null, 1)]
    [InlineData(2, 1.0, null, 2)]
    [InlineData(3, 1.0, null, 4)]
    [InlineData(3, 0.5, null, 3)]
    [InlineData(10, 1.0, null, 300)]
    [InlineData(1, 1.0, 20, 20)]
    [InlineData(3, 1.0, 3, 4)]
    public void TheDelayDoublesWithJitterAndWhatTheDestinationAskedForWinsWhereLonger(int retry, double chance, int? retryAfter, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), DeliveryRound.RetryDelays(Options).Of(retry, Asked(retryAfter), chance));

    [Theory]
    [InlineData(1, 1.0, null, 5)]
    [InlineData(2, 1.0, null, 10)]
    [InlineData(6, 1.0, null, 160)]
    [InlineData(7, 1.0, null, 300)]
    [InlineData(7, 0.0, null, 150)]
    [InlineData(1_000_000, 1.0, null, 300)]
    [InlineData(int.MaxValue, 1.0, 900, 900)]
    public void ThePauseGrowsToFiveMinutesAndNoFurther(int failedRounds, double chance, int? retryAfter, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), DeliveryRound.Pauses(Options).Of(failedRounds, Asked(retryAfter), chance));

    private static TimeSpan? Asked(int? seconds) => seconds is { } asked ? TimeSpan.FromSeconds(asked) : null;
}
