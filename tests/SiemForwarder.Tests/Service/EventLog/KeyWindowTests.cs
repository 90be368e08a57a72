using FsCheck;
using FsCheck.Fluent;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Tests.Service.EventLog;

/// <summary>The bounded memory of an appender against one that remembers everything.</summary>
public sealed class KeyWindowTests
{
    [Fact]
    public void ItKnowsExactlyWhatIsStoredHoweverLittleItMayRemember() => Prop.ForAll(Pages(), Gen.Choose(1, 40).ToArbitrary(), (pages, bound) =>
    {
        var window = new KeyWindow(bound);
        var stored = new List<IncomingEvent>();
        var known = new HashSet<(EventKey, long)>();
        foreach (var page in pages)
        {
            // One after the other: what stands in the page twice is known the second time.
            var (before, expected) = (known.ToHashSet(), new List<IncomingEvent>());
            foreach (var one in page)
            {
                if (!(one.FormerKey is { } former && known.Contains((former, one.OccurredAtMs))) && known.Add((one.Key, one.OccurredAtMs)))
                {
                    expected.Add(one);
                }
            }

            var missing = window.MissingMinutes(page);
            window.Cover(missing);
            foreach (var one in stored)
            {
                window.Add(one.OccurredAtMs, one.Key);
            }

            var selected = window.AddNew(page);

            Assert.Equal(expected.Select(one => (one.Key, one.OccurredAtMs)), selected.Select(one => (one.Key, one.OccurredAtMs)));
            if (page.Length % 3 == 0)
            {
                // It is not stored after all, and offered again.
                window.Forget(selected);
                var again = window.AddNew(page);
                Assert.Equal(selected.Select(one => (one.Key, one.OccurredAtMs)), again.Select(one => (one.Key, one.OccurredAtMs)));
            }

            if (page.Length % 5 == 0)
            {
                // It is never stored.
                window.Forget(selected);
                known = before;
            }
            else
            {
                stored.AddRange(selected);
            }

            window.Trim();
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Theory]
    [InlineData(0, false)]
    [InlineData(59 * 60_000, false)]
    [InlineData(-60_000, false)]
    [InlineData(62 * 60_000, true)]
    public void AnEventWithoutATimeOfItsOwnIsComparedWithTheHourBeforeItsReceipt(long laterMs, bool isNew)
    {
        const long FirstMs = 1_789_041_600_000;
        var window = new KeyWindow();
        var first = new IncomingEvent(FirstMs, EventKey.FromHash("a"u8), null, default, IsTimeOfReceipt: true);
        var other = new IncomingEvent(FirstMs, EventKey.FromHash("b"u8), null, default);
        window.Cover(window.MissingMinutes([first, other]));
        Assert.Equal(2, window.AddNew([first, first with { OccurredAtMs = FirstMs + 1 }, other]).Count);

        var again = first with { OccurredAtMs = FirstMs + laterMs };
        window.Cover(window.MissingMinutes([again]));

        Assert.Equal(isNew ? 1 : 0, window.AddNew([again]).Count);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(59_999, 0)]
    [InlineData(60_000, 1)]
    [InlineData(-1, -1)]
    [InlineData(-60_000, -1)]
    [InlineData(-60_001, -2)]
    public void AMinuteBeginsWhereTheOneBeforeEnds(long ms, long minute) => Assert.Equal(minute, KeyWindow.MinuteOf(ms));

    [Fact]
    public void TrimmingKeepsWhatIsInUse()
    {
        var window = new KeyWindow(2);
        IncomingEvent[] page = [.. Enumerable.Range(0, 10).Select(number => new IncomingEvent(number, new EventKey((UInt128)number), null, default))];
        window.Cover(window.MissingMinutes(page));
        foreach (var one in page)
        {
            window.Add(one.OccurredAtMs, one.Key);
        }

        window.Trim();

        Assert.Empty(window.MissingMinutes(page));
        Assert.Empty(window.AddNew(page));
        window.Clear();
        Assert.Equal([0L], window.MissingMinutes(page));
        Assert.Null(window.Head);
    }

    private static Arbitrary<IncomingEvent[][]> Pages()
    {
        var key = Gen.Choose(0, 30).Select(number => new EventKey((UInt128)number));
        var one = from minute in Gen.Choose(-2, 6)
                  from ms in Gen.Choose(0, 3)
                  from own in key
                  from former in Gen.OneOf(Gen.Constant<EventKey?>(null), key.Select(other => (EventKey?)other))
                  select new IncomingEvent((minute * 60_000L) + ms, own, former, default);
        return one.ArrayOf().ArrayOf().ToArbitrary();
    }
}
