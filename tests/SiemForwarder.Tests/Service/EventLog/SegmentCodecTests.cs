using FsCheck;
using FsCheck.Fluent;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Tests.Service.EventLog;

public sealed class SegmentCodecTests
{
    private static readonly Config Configuration = Config.QuickThrowOnFailure.WithMaxTest(200);

    [Fact]
    public void WhatIsPackedComesBack() => Prop.ForAll(Pages(), events =>
    {
        var lowest = events.Min(one => one.OccurredAtMs);
        var (joined, joinedEnds) = SegmentCodec.Join(events);

        var keys = SegmentCodec.UnpackKeys(SegmentCodec.PackKeys(events));
        var times = SegmentCodec.UnpackTimes(SegmentCodec.PackTimes(events, lowest), events.Length, lowest);
        var (bytes, ends) = SegmentCodec.UnpackBody(SegmentCodec.Brotli, SegmentCodec.PackBody(joined, joinedEnds), events.Length);

        Assert.Equal(events.Select(one => one.Key), keys);
        Assert.Equal(events.Select(one => one.OccurredAtMs), times);
        Assert.Equal(joinedEnds, ends);
        Assert.Equal(events.SelectMany(one => one.Body.ToArray()), bytes);
    }).Check(Configuration);

    [Fact]
    public void ADamagedBodyIsSaidToBeDamagedAndNeverReadAsSomethingElse() => Prop.ForAll(
        Pages(), Gen.Choose(0, int.MaxValue).ToArbitrary(), (events, choice) =>
        {
            var (joined, ends) = SegmentCodec.Join(events);
            var packed = SegmentCodec.PackBody(joined, ends);

            Assert.Throws<InvalidDataException>(() => SegmentCodec.UnpackBody(SegmentCodec.Brotli, packed.AsSpan(0, choice % packed.Length), events.Length));
            Assert.Throws<InvalidDataException>(() => SegmentCodec.UnpackBody(SegmentCodec.Brotli, packed, events.Length - 1));
            Assert.Throws<InvalidDataException>(() => SegmentCodec.UnpackBody(SegmentCodec.Brotli, packed, events.Length + 1));
            Assert.Throws<InvalidDataException>(() => SegmentCodec.UnpackBody(SegmentCodec.Brotli + 1, packed, events.Length));
        }).Check(Configuration);

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("FFFFFFFF00")]
    [InlineData("FFFFFF7F00")]
    [InlineData("0000008000")]
    [InlineData("05000000DEADBEEF")]
    public void ABodyThatWasNeverPackedIsDamaged(string hex) =>
        Assert.Throws<InvalidDataException>(() => SegmentCodec.UnpackBody(SegmentCodec.Brotli, Convert.FromHexString(hex), 3));

    [Theory]
    [InlineData("", 1)]
    [InlineData("80", 1)]
    [InlineData("02", 2)]
    [InlineData("FFFFFFFFFFFFFFFFFFFFFF", 1)]
    public void TimesThatEndTooSoonAreDamaged(string hex, int count) =>
        Assert.Throws<InvalidDataException>(() => SegmentCodec.UnpackTimes(Convert.FromHexString(hex), count, 0));

    private static Arbitrary<IncomingEvent[]> Pages()
    {
        var one = from time in Gen.OneOf(Gen.Choose(0, 10).Select(ms => (long)ms), Gen.Choose(int.MinValue, int.MaxValue).Select(ms => (long)ms * 4_000_000))
                  from key in Gen.Choose(0, int.MaxValue)
                  from body in Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf()
                  select new IncomingEvent(time, new EventKey((UInt128)key << 64), null, body);
        return one.NonEmptyListOf().Select(list => list.ToArray()).ToArbitrary();
    }
}
