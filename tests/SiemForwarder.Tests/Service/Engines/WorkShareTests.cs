using SiemForwarder.Service.Engines;

namespace SiemForwarder.Tests.Service.Engines;

/// <summary>How engines share work, also where some of them cannot do all of it.</summary>
public sealed class WorkShareTests
{
    [Theory]
    [InlineData(6, 2, 3)]
    [InlineData(7, 3, 3)]
    [InlineData(1, 3, 1)]
    [InlineData(500, 1, 500)]
    public void EachEngineTakesItsShareAndNoMore(int count, int engines, int share)
    {
        var work = Enumerable.Range(1, count).Select(id => Free(id, engines)).ToList();

        Assert.Equal(share, WorkShare.Decide(work).Take.Count);
    }

    [Fact]
    public void WhatOthersDeclineIsTakenBesideTheUsualShare()
    {
        // Two engines; the other one holds the first, and cannot do the third and the fourth.
        List<Work> work = [Held(1, mine: false), Held(2, mine: true), Free(3, 1), Free(4, 1)];

        var (take, give) = WorkShare.Decide(work);

        Assert.Equal([3, 4], take.Select(one => one.ResourceId));
        Assert.Empty(give);
    }

    [Fact]
    public void WhatIsTooMuchIsGivenBack()
    {
        List<Work> work = [Held(1, mine: true), Held(2, mine: true), Held(3, mine: true), Held(4, mine: true)];

        Assert.Equal([3, 4], WorkShare.Decide(work).Give.Select(one => one.ResourceId));
    }

    private static Work Free(int id, int engines) => new(LeaseKind.Integration, id, "default", false, true, engines);

    private static Work Held(int id, bool mine) => new(LeaseKind.Integration, id, "default", mine, false, 2);
}
