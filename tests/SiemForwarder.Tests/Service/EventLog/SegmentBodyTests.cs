using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Tests.Service.EventLog;

[CollectionDefinition(nameof(UsesSegmentBuffers), DisableParallelization = true)]
public sealed class UsesSegmentBuffers;

[Collection(nameof(UsesSegmentBuffers))]
public sealed class SegmentBodyTests
{
    [Fact]
    public void ABufferIsUsedAgainOnceNobodyHoldsItsSegment()
    {
        SegmentBuffers.Clear();
        var body = Body(SegmentBuffers.MinSize);
        body.Retain();

        body.Release();
        Assert.Equal(0, SegmentBuffers.FreeBytes);
        body.Release();
        Assert.InRange(SegmentBuffers.FreeBytes, SegmentBuffers.MinSize, long.MaxValue);

        var next = Body(SegmentBuffers.MinSize);
        Assert.Equal(0, SegmentBuffers.FreeBytes);
        Assert.Equal(SegmentBuffers.MinSize, next[0].Length);
    }

    [Fact]
    public void ASmallBufferIsLeftToTheCollector()
    {
        SegmentBuffers.Clear();
        var body = Body(100);

        body.Release();

        Assert.Equal(0, SegmentBuffers.FreeBytes);
        Assert.Equal(100, body[0].Length);
    }

    [Fact]
    public void ABodyReleasedMoreOftenThanItWasHeldIsABug()
    {
        var body = Body(100);
        body.Release();

        Assert.Throws<InvalidOperationException>(body.Release);
    }

    [Fact]
    public void TheFreeBuffersAreBounded()
    {
        SegmentBuffers.Clear();
        var bodies = Enumerable.Range(0, 40).Select(_ => Body(1024 * 1024)).ToList();

        bodies.ForEach(body => body.Release());

        Assert.InRange(SegmentBuffers.FreeBytes, 1, 16 * 1024 * 1024);
        SegmentBuffers.Clear();
    }

    [Fact]
    public void AReaderKeepsWhatTheCacheDropsMeanwhile()
    {
        SegmentBuffers.Clear();
        var cache = new SegmentCache(maxWeight: 2 * SegmentBuffers.MinSize);
        var (first, second) = (Segment(1, "first"), Segment(2, "second"));
        Store(cache, first);
        var held = cache.Find(1, 0)!;

        Store(cache, second);

        Assert.Null(cache.Find(1, 0));
        Assert.StartsWith("first", Encoding.UTF8.GetString(held.RawAt(0).Span), StringComparison.Ordinal);
        Assert.Equal(0, SegmentBuffers.FreeBytes);
        held.Body.Release();
        Assert.InRange(SegmentBuffers.FreeBytes, 1, long.MaxValue);
        cache.Drop();
        Assert.InRange(SegmentBuffers.FreeBytes, 2 * SegmentBuffers.MinSize, long.MaxValue);
        SegmentBuffers.Clear();
    }

    // As an append does it: the cache holds it from now on.
    private static void Store(SegmentCache cache, LogSegment segment)
    {
        cache.Add(segment, cache.Edition);
        segment.Body.Release();
    }

    private static LogSegment Segment(long position, string text) => new(
        1, EventStream.User, position, DateTimeOffset.UnixEpoch, Body(SegmentBuffers.MinSize, text), [default], [0]);

    private static SegmentBody Body(int length, string text = "") => SegmentBody.Join(
        [new IncomingEvent(0, default, null, Encoding.UTF8.GetBytes(text.PadRight(length, '.')))]);
}
