using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Reliability.Judging;
using SiemForwarder.Reliability.Oracle;
using SiemForwarder.Reliability.Receiving;
using Xunit;

namespace SiemForwarder.Reliability.Tests;

/// <summary>A judge that never says no proves nothing: each invariant is broken once.</summary>
public sealed class JudgeTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
    private readonly List<IssuedEvent> events = Mint(20);

    [Fact]
    public void ARunInWhichEverythingArrivedInOrderIsGood() => Assert.Equal("", Verdict(events, events));

    [Fact]
    public void AnEventThatIsStoredAndDidNotArriveIsLost() =>
        Assert.Contains("1 are stored and never arrived", Verdict(events, Without(events, 7)), StringComparison.Ordinal);

    [Fact]
    public void AnEventThatIsSetAsideIsNotLost() => Assert.Equal("", Verdict(events, Without(events, 7), setAside: [8]));

    [Fact]
    public void AnEventThatWasIssuedAndNotStoredIsSaid() =>
        Assert.Contains("1 were issued and never stored", Verdict(Without(events, 7), Without(events, 7)), StringComparison.Ordinal);

    [Fact]
    public void AnEventThatTheSourceDeletedNeedNotBeStored() =>
        Assert.Equal("", Verdict(Without(events, 7), Without(events, 7), isRemoved: id => id == events[7].Id));

    [Fact]
    public void AnEventThatNobodyIssuedIsSaid() =>
        Assert.Contains("that were not issued", Verdict(events, [.. events, Mint(21)[20]]), StringComparison.Ordinal);

    [Fact]
    public void AnEventThatIsStoredTwiceIsSaid() =>
        Assert.Contains("1 are stored twice", Verdict([.. events, events[3]], events), StringComparison.Ordinal);

    [Fact]
    public void AHoleInTheLogIsSaid() =>
        Assert.Contains("a hole", Decide(Log(events).Where(one => one.Position != 5), events).Text, StringComparison.Ordinal);

    [Fact]
    public void AByteThatChangedIsSaid()
    {
        var changed = events[4] with { Raw = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(events[4].Raw).Replace("openid", "openId",
        StringComparison.Ordinal)) };

        Assert.Contains("1 arrived with other bytes", Verdict(events, [.. events[..4], changed, .. events[5..]]), StringComparison.Ordinal);
    }

    [Fact]
    public void ABatchThatIsRepeatedIsGoodOncePerInterruption()
    {
        List<IssuedEvent> repeated = [.. events[..10], .. events[5..10], .. events[10..]];

        Assert.Equal("", Verdict(events, repeated, largestBatch: 5, interruptions: 1));
        Assert.Contains("5 duplicates, allowed are 0", Verdict(events, repeated, largestBatch: 5), StringComparison.Ordinal);
        Assert.Contains(
            "further back than a batch", Verdict(events, repeated, largestBatch: 4, interruptions: 2), StringComparison.Ordinal);
    }

    [Fact]
    public void EventsThatChangePlacesAreSaid() =>
        Assert.Contains(
            "order:", Verdict(events, [.. events[..4], events[5], events[4], .. events[6..]], largestBatch: 5, interruptions: 5),
            StringComparison.Ordinal);

    private static List<IssuedEvent> Mint(int count)
    {
        var mint = new EventMint(1);
        return [.. Enumerable.Range(0, count).Select(i => mint.Next(1_789_041_600_000 + i, At, EventStream.User))];
    }

    private static List<IssuedEvent> Without(List<IssuedEvent> events, int index) => [.. events[..index], .. events[(index + 1)..]];

    private static List<StoredEvent> Log(List<IssuedEvent> stored) =>
        [.. stored.Select((one, i) => new StoredEvent(i + 1, one.Stream, one.Id, one.Json))];

    private string Verdict(
        List<IssuedEvent> stored, List<IssuedEvent> arrived, HashSet<long>? setAside = null, Func<string, bool>? isRemoved = null,
        int largestBatch = 5, int interruptions = 0) =>
        Decide(Log(stored), arrived, setAside, isRemoved, largestBatch, interruptions).Text;

    private (string Text, int Lost) Decide(
        IEnumerable<StoredEvent> log, List<IssuedEvent> arrived, HashSet<long>? setAside = null, Func<string, bool>? isRemoved = null,
        int largestBatch = 5, int interruptions = 0)
    {
        var verdict = Judge.Decide(new Evidence(
            events.ToDictionary(one => one.Id), isRemoved ?? (_ => false), [.. log],
            [.. arrived.Select(one => new Arrival(one.Id, one.Raw, 1, At))],
            setAside ?? [], new RawRendering(), largestBatch, interruptions, KeepsOrder: true));
        return (string.Join('\n', verdict.Violations), verdict.Lost);
    }
}
