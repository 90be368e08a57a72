using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Tests.Service.EventLog;

public sealed class SegmentCodecTests
{
    private const string DictionaryHash = "8C71F60BF9F1CB66F6A2865C69470532337FE0F9CBF128151D2AAF1369FB000F";

    private const string Login = """
        {"id":"cc09c456-66e8-4d3b-a098-8eb36b6bc876","time":1795219303752,"type":"LOGIN","realmId":"c7fc32ed-5c92-4cea-b8da-2008ce1d2e71","clientId":"web-app","userId":"dcdb6db5-aae1-43e6-bd69-5d1e9c1b7a10","sessionId":"756261b0-2a1a-4f9e-82ad-0d9c9f0e6f7b","ipAddress":"192.0.2.17","details":{"auth_method":"openid-connect","redirect_uri":"https://apps.example.com/callback","code_id":"756261b0-2a1a-4f9e-82ad-0d9c9f0e6f7b","username":"alice"}}
        """;

    private const string PackedLogin =
        "B701000028B52FFD63A0BA5435B7002D0500D38B1D994C9295544B4B5A294A5C160C13262925850530289D2BD015E00AF45537DCB0F9F50C8F25F56BDF9C4B99F450252BA3C64CAD" +
        "727D4B86EE99A9E3B6E7B2A5744831566CB1ECA62CDB7244BDC45C5D6AEB9CFE42C79AEE6A7A29EAC5FD54F4CDED4BB1E255CDCF1FD3A965E7BC311FA3B31ED700E21010FCDA26085" +
        "473C26B16B3EC7583BB0DB806102DB45E974798578ECC5ED06BB62E4C73983CD22B0C79A73201";

    private static readonly Config Configuration = Config.QuickThrowOnFailure.WithMaxTest(200);

    [Theory]
    [InlineData(SegmentCodec.Brotli)]
    [InlineData(SegmentCodec.Zstandard)]
    public void WhatIsPackedComesBack(short codec) => Prop.ForAll(Pages(), events =>
    {
        var lowest = events.Min(one => one.OccurredAtMs);
        var joined = SegmentBody.Join(events);

        var keys = SegmentCodec.UnpackKeys(SegmentCodec.PackKeys(events));
        var times = SegmentCodec.UnpackTimes(SegmentCodec.PackTimes(events, lowest), events.Length, lowest);
        var body = SegmentCodec.UnpackBody(codec, SegmentCodec.PackBody(joined, codec), events.Length);

        Assert.Equal(events.Select(one => one.Key), keys);
        Assert.Equal(events.Select(one => one.OccurredAtMs), times);
        Assert.Equal(events.Select(one => Convert.ToHexString(one.Body.Span)), events.Select((_, i) => Convert.ToHexString(body[i].Span)));
    }).Check(Configuration);

    [Theory]
    [InlineData(SegmentCodec.Brotli)]
    [InlineData(SegmentCodec.Zstandard)]
    public void ADamagedBodyIsSaidToBeDamagedAndNeverReadAsSomethingElse(short codec) => Prop.ForAll(
        Pages(), Gen.Choose(0, int.MaxValue).ToArbitrary(), (events, choice) =>
        {
            var packed = SegmentCodec.PackBody(SegmentBody.Join(events), codec);

            Assert.Throws<InvalidDataException>(() => SegmentCodec.UnpackBody(codec, packed.AsSpan(0, choice % packed.Length), events.Length));
            Assert.Throws<InvalidDataException>(() => SegmentCodec.UnpackBody(codec, packed, events.Length - 1));
            Assert.Throws<InvalidDataException>(() => SegmentCodec.UnpackBody(codec, packed, events.Length + 1));
            Assert.Throws<InvalidDataException>(() => SegmentCodec.UnpackBody((short)(SegmentCodec.Zstandard + 1), packed, events.Length));
        }).Check(Configuration);

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("FFFFFFFF00")]
    [InlineData("FFFFFF7F00")]
    [InlineData("0000008000")]
    [InlineData("05000000DEADBEEF")]
    public void ABodyThatWasNeverPackedIsDamaged(string hex)
    {
        Assert.Throws<InvalidDataException>(() => SegmentCodec.UnpackBody(SegmentCodec.Brotli, Convert.FromHexString(hex), 3));
        Assert.Throws<InvalidDataException>(() => SegmentCodec.UnpackBody(SegmentCodec.Zstandard, Convert.FromHexString(hex), 3));
    }

    [Fact]
    public void AnEventAloneTakesFarLessSpaceWithTheDictionary()
    {
        var body = SegmentBody.Join([new IncomingEvent(0, default, null, Encoding.UTF8.GetBytes(Login))]);

        var (former, now) = (SegmentCodec.PackBody(body, SegmentCodec.Brotli), SegmentCodec.PackBody(body, SegmentCodec.Zstandard));

        Assert.InRange(now.Length, 1, former.Length * 6 / 10);
    }

    [Fact]
    public void TheDictionaryOfStoredSegmentsNeverChanges()
    {
        using var resource = typeof(SegmentCodec).Assembly.GetManifestResourceStream("keycloak-events.zdict")!;

        Assert.Equal(DictionaryHash, Convert.ToHexString(SHA256.HashData(resource)));
    }

    [Fact]
    public void WhatAFirstVersionPackedWithTheDictionaryIsRead() =>
        Assert.Equal(Login, Encoding.UTF8.GetString(SegmentCodec.UnpackBody(SegmentCodec.Zstandard, Convert.FromHexString(PackedLogin), 1)[0].Span));

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
