using SiemForwarder.Service.Engines;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Engines;

/// <summary>What an engine may do on which lease.</summary>
public sealed class EngineLeasesTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(6);
    private readonly TestClock clock = new();

    [Fact]
    public void ALeaseMayBeUsedForAsLongAsItsRenewalLasts()
    {
        var leases = Renewed(new Lease(LeaseKind.Integration, 1, 7));

        Assert.True(leases.MayUse(LeaseKind.Integration, 1, 7));
        clock.Advance(Duration);
        Assert.False(leases.MayUse(LeaseKind.Integration, 1, 7));
    }

    [Fact]
    public void AnEngineThatWakesUpFreshAgainMayNotUseWhatAnotherHasTakenMeanwhile()
    {
        var leases = Renewed(new Lease(LeaseKind.Integration, 1, 7), new Lease(LeaseKind.Integration, 2, 3));
        clock.Advance(TimeSpan.FromMinutes(1));

        leases.Renewed([new Lease(LeaseKind.Integration, 2, 3)], clock.GetTimestamp(), Duration);

        Assert.False(leases.MayUse(LeaseKind.Integration, 1, 7));
        Assert.True(leases.MayUse(LeaseKind.Integration, 2, 3));
    }

    [Fact]
    public void ALeaseThatWasLostAndTakenAgainIsAnotherOne()
    {
        var leases = Renewed(new Lease(LeaseKind.Integration, 1, 8));

        Assert.False(leases.MayUse(LeaseKind.Integration, 1, 7));
        Assert.False(leases.MayUse(LeaseKind.Source, 1, 8));
    }

    private EngineLeases Renewed(params Lease[] held)
    {
        var leases = new EngineLeases(clock);
        leases.Renewed(held, clock.GetTimestamp(), Duration);
        return leases;
    }
}
