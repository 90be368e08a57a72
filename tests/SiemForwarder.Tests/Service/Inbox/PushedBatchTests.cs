using System.IO.Compression;
using System.Text;
using Microsoft.Extensions.Options;
using SiemForwarder.Events;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Service.Memory;

namespace SiemForwarder.Tests.Service.Inbox;

/// <summary>Bodies taken apart: bytes and order kept, faults named by index, nothing without bound.</summary>
public sealed class PushedBatchTests
{
    private const long ReceivedMs = 1_789_041_600_000;
    private static readonly InboxOptions Limits = new() { MaxEventBytes = 2000, MaxRequestEvents = 20, MaxRequestBytes = 100_000, MaxPendingBytes = 1024 * 1024 };

    [Fact]
    public void TheBytesOfEveryEventAreKeptInTheirOrder()
    {
        string[] events = ["""{ "event_type" : "a.b",  "n": 1.50 }""", """{"event_type":"ü","x":"é"}""", """{"event_type":"c","nested":{"a":[1, 2 ,{}]}}"""];

        var array = Read(" [" + string.Join(" ,\n", events.Where(one => !one.Contains('ü'))) + "] ");
        var lines = Read(string.Join("\r\n\n", events.Where(one => !one.Contains('ü'))) + "\n", isLines: true);

        Assert.Equal([events[0], events[2]], array.Batch!.Events.Select(one => Encoding.UTF8.GetString(one.Body.Span)));
        Assert.Equal(array.Batch.Events.Select(one => Encoding.UTF8.GetString(one.Body.Span)), lines.Batch!.Events.Select(one => Encoding.UTF8.GetString(one.Body.Span)));
        Assert.Equal(events[0], Encoding.UTF8.GetString(Read("\uFEFF" + events[0] + "\n").Batch!.Events.Single().Body.Span));
    }

    [Theory]
    [InlineData("""{"event_type":"x"}{"event_type":"y"}""", "one JSON object")]
    [InlineData("""{"event_type":"x",}""", "one JSON object")]
    [InlineData("17", "one JSON object")]
    [InlineData("\"text\"", "one JSON object")]
    [InlineData("{}", "event_type is missing")]
    [InlineData("""{"event_type":17.5}""", null)]
    [InlineData("""{"event_type":null}""", "event_type is missing")]
    [InlineData("""{"event_type":"a b"}""", "letters, digits")]
    [InlineData("""{"event_type":"a\nb"}""", "letters, digits")]
    [InlineData("""{"event_type":"a|b"}""", "letters, digits")]
    [InlineData("""{"event_type":".a"}""", "letters, digits")]
    [InlineData("""{"event_type":"zoë"}""", "letters, digits")]
    [InlineData("""{"event_type":"x","timestamp":"yesterday"}""", "not an instant")]
    [InlineData("""{"event_type":"x","timestamp":999999999999999999}""", "not an instant")]
    [InlineData("""{"event_type":"x","timestamp":{}}""", "not an instant")]
    [InlineData("""{"type":"access.LOGIN","time":"noon"}""", "not an instant")]
    [InlineData("""{"event_type":"x","timestamp":null}""", null)]
    public void ASingleEventIsTakenOrItsFaultIsNamed(string json, string? fault)
    {
        var (batch, refusal) = Read(json);

        Assert.Null(refusal);
        Assert.Equal(fault is null ? 1 : 0, batch!.Events.Count);
        Assert.Equal(fault is null ? 0 : 1, batch.Rejected.Count);
        Assert.All(batch.Rejected, rejected => Assert.Contains(fault!, rejected.Reason, StringComparison.Ordinal));
    }

    [Fact]
    public void TypesIdsDepthAndSizeAreBounded()
    {
        string Deep(int levels) => $$"""{"event_type":"x","a":{{string.Concat(Enumerable.Repeat("[", levels))}}{{string.Concat(Enumerable.Repeat("]", levels))}}}""";

        Assert.Single(Read($$"""{"event_type":"{{new string('x', 128)}}"}""").Batch!.Events);
        Assert.Single(Read($$"""{"event_type":"{{new string('x', 129)}}"}""").Batch!.Rejected);
        Assert.Single(Read($$"""{"event_type":"x","event_id":"{{new string('i', 255)}}"}""").Batch!.Events);
        Assert.Single(Read($$"""{"event_type":"x","event_id":"{{new string('i', 256)}}"}""").Batch!.Rejected);
        Assert.Single(Read(Deep(63)).Batch!.Events);
        Assert.Single(Read(Deep(64)).Batch!.Rejected);
        Assert.Equal("1; 2", Indexes(Read($$"""[{"event_type":"a"},{{Deep(500)}},{"event_type":"c"}]""")));
        Assert.Equal("1; 2", Indexes(Read($$"""[{"event_type":"a"},{"event_type":"b","big":"{{new string('x', 2000)}}"},{"event_type":"c"}]""")));
        Assert.Equal(413, Read("[" + string.Join(',', Enumerable.Repeat("""{"event_type":"a"}""", 21)) + "]").Refusal!.Status);
        Assert.Equal(413, Read(string.Concat(Enumerable.Repeat("{\n", 21)), isLines: true).Refusal!.Status);
    }

    [Fact]
    public void OfManyThoseThatCanBeTakenAreAndTheOthersAreNamed()
    {
        Assert.Equal("0 2 3; 2", Indexes(Read("""[17,{"event_type":"a"},{},null,{"event_type":"b"}]""")));
        Assert.Equal("1 2; 2", Indexes(Read("{\"event_type\":\"a\"}\n{\"event_type\":\n\"b\"}\n\n{\"event_type\":\"c\"}", isLines: true)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("[]")]
    [InlineData("[{\"event_type\":\"a\"}")]
    [InlineData("[{\"event_type\":\"a\"},]")]
    [InlineData("[{\"event_type\":\"a\"}] x")]
    [InlineData("[{\"event_type\":\"a\"}][{\"event_type\":\"b\"}]")]
    [InlineData("nonsense")]
    public void ABodyThatIsNoJsonFromItsBeginToItsEndIsRefusedWhole(string body) => Assert.Equal(400, Read(body).Refusal?.Status);

    [Fact]
    public void AnEventWithoutIdIsKnownByItsContentAndOneWithoutTimeByItsReceipt()
    {
        var events = Read("""
            [{"event_type":"a","x":1},{"x":1,"event_type":"a"},{"event_type":"a","x":2},{"event_type":"a","event_id":"0d9c9f0e-6f7b-4a3a-9a53-2d1b8c7c1a01","timestamp":"2026-08-31T10:15:30Z"}]
            """).Batch!.Events;

        Assert.Equal(events[0].Key, events[1].Key);
        Assert.NotEqual(events[0].Key, events[2].Key);
        Assert.Equal("0d9c9f0e-6f7b-4a3a-9a53-2d1b8c7c1a01", events[3].Key.ToString());
        Assert.Equal([ReceivedMs, ReceivedMs, ReceivedMs, 1_788_171_330_000], events.Select(one => one.OccurredAtMs));
        Assert.Equal([true, true, true, false], events.Select(one => one.IsTimeOfReceipt));
    }

    [Fact]
    public void APulledRealmTakesNoEventsOfAnother()
    {
        var inbox = SomeInbox.With(InboxAuthentication.Key) with { PulledRealm = "acme" };

        var (batch, _) = PushedBatch.Read(
            """[{"type":"access.LOGIN","realmName":"acme"},{"type":"access.LOGIN","realmName":"other"},{"type":"access.LOGIN"}]"""u8.ToArray(), false, inbox, Limits, ReceivedMs);

        Assert.Equal("1; 2", Indexes((batch, null)));
        Assert.Contains("'acme'", batch!.Rejected[0].Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json", false)]
    [InlineData("Application/JSON; charset=utf-8", false)]
    [InlineData("application/x-ndjson", true)]
    [InlineData("application/jsonl", true)]
    [InlineData("text/plain", null)]
    [InlineData("application/xml", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void TheMediaTypeTellsLinesFromOneText(string? contentType, bool? isLines) => Assert.Equal(isLines, PushedBatch.IsLines(contentType));

    [Fact]
    public async Task ABombOfGzipIsRefusedAtTheLimitAndGivesItsRoomBack()
    {
        var room = new InboxMemoryBudget(Options.Create(Limits), MemoryBudget.Unlimited);
        using var first = room.Open(1, isProven: true);
        using var second = room.Open(2, isProven: true);
        var bomb = Gzip(new byte[10_000_000]);
        using (var sent = new InboxBody(first))
        using (var plain = new InboxBody(first))
        {
            Assert.Null(await sent.FillAsync(new MemoryStream(bomb), bomb.Length, Limits.MaxRequestBytes, CancellationToken.None));
            Assert.Equal(413, (await sent.UnzipAsync(plain, Limits.MaxRequestBytes, CancellationToken.None))?.Status);
        }

        Assert.True(first.TryTake(Limits.MaxPendingBytes / 2));
        Assert.True(second.TryTake(Limits.MaxPendingBytes / 2));
        Assert.False(first.TryTake(1));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(1)]
    [InlineData(60)]
    public async Task GzipThatWasCutIsRefused(int missing)
    {
        using var share = new InboxMemoryBudget(Options.Create(Limits), MemoryBudget.Unlimited).Open(1, isProven: true);
        var whole = Gzip(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 50).Select(number => $"{{\"event_type\":\"x\",\"n\":{number}}}\n"))));
        using var sent = new InboxBody(share);
        using var plain = new InboxBody(share);
        await sent.FillAsync(new MemoryStream(whole, 0, whole.Length - missing), 0, Limits.MaxRequestBytes, CancellationToken.None);

        Assert.Equal(400, (await sent.UnzipAsync(plain, Limits.MaxRequestBytes, CancellationToken.None))?.Status);
    }

    [Fact]
    public async Task WhereNoRoomIsLeftTheAnswerIsToTryAgain()
    {
        var room = new InboxMemoryBudget(Options.Create(Limits), MemoryBudget.Unlimited);
        using var second = room.Open(2, isProven: true);
        using var third = room.Open(3, isProven: true);
        Assert.True(second.TryTake(Limits.MaxPendingBytes / 2) && third.TryTake((Limits.MaxPendingBytes / 2) - 5000));
        using var share = room.Open(1, isProven: true);
        using var body = new InboxBody(share);

        var refusal = await body.FillAsync(new MemoryStream(new byte[50_000]), 0, Limits.MaxRequestBytes, CancellationToken.None);

        Assert.Equal((503, 1), (refusal!.Status, refusal.RetryAfterSeconds));
    }

    [Theory]
    [InlineData("application/json", true)]
    [InlineData("application/json; charset=utf-8", true)]
    [InlineData("application/json;charset=\"UTF-8\"", true)]
    [InlineData("application/x-ndjson; charset=UTF8", true)]
    [InlineData("application/json; charset=iso-8859-1", false)]
    [InlineData("application/json; charset=\"utf-16\"", false)]
    public void OnlyUtf8IsTaken(string contentType, bool isUtf8) => Assert.Equal(isUtf8, PushedBatch.IsUtf8(contentType));

    [Theory]
    [InlineData("""{"event_type":"x","subject":"\ud800"}""")]
    [InlineData("""{"event_type":"x","event_id":"a\udc00b"}""")]
    [InlineData("""{"event_type":"x","\ud800":1}""")]
    [InlineData("""{"event_type":"x","context":{"\ud800":{"\udfff":["\ud83d"]}}}""")]
    [InlineData("""{"type":"access.LOGIN","userId":"\ud800","details":{"\ud800":"\udc00"}}""")]
    [InlineData("""{"type":"admin.USER-CREATE","authDetails":{"realmId":"\ud800"},"representation":"{\"username\":\"\\ud800\"}","\udc00":0}""")]
    [InlineData("""{"type":"order.paid","id":"\ud800","realmName":"\ud800"}""")]
    public void ALoneSurrogateIsTakenAsEveryOtherText(string json)
    {
        var (batch, refusal) = Read(json);

        Assert.Null(refusal);
        Assert.Empty(batch!.Rejected);
        Assert.Equal(json, Encoding.UTF8.GetString(batch.Events.Single().Body.Span));
    }

    [Fact]
    public void EventsThatDifferInWhatIsNoTextStayTwo()
    {
        byte[] latin = [.. "[{\"event_type\":\"x\",\"event_id\":\"Gr"u8, 0xF6, .. "\"},{\"event_type\":\"x\",\"event_id\":\"Gr"u8, 0xE4, .. "\"}]"u8];
        var broken = PushedBatch.Read(latin, false, SomeInbox.With(InboxAuthentication.Key), Limits, ReceivedMs).Batch!.Events;
        var lone = Read("""[{"event_type":"x","subject":"\ud800"},{"event_type":"x","subject":"\ud801"},{"event_type":"x","subject":"\ud800"}]""").Batch!.Events;

        Assert.NotEqual(broken[0].Key, broken[1].Key);
        Assert.NotEqual(lone[0].Key, lone[1].Key);
        Assert.Equal(lone[0].Key, lone[2].Key);
    }

    private static (PushedBatch? Batch, PushRefusal? Refusal) Read(string body, bool isLines = false) =>
        PushedBatch.Read(Encoding.UTF8.GetBytes(body), isLines, SomeInbox.With(InboxAuthentication.Key), Limits, ReceivedMs);

    /// <summary>The indexes of those rejected, and how many were taken.</summary>
    private static string Indexes((PushedBatch? Batch, PushRefusal? Refusal) read) =>
        $"{string.Join(' ', read.Batch!.Rejected.Select(one => one.Index))}; {read.Batch.Events.Count}";

    private static byte[] Gzip(byte[] bytes)
    {
        var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return output.ToArray();
    }
}
