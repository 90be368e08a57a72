using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http;
using SiemForwarder.Destinations.Http.Splunk;

namespace SiemForwarder.Tests.Destinations.Http.Splunk;

/// <summary>How the answers of a collector are read, and what becomes of a batch in which it named one bad event.</summary>
public sealed class HecReplyTests
{
    private static readonly HttpAnswer Answer = new("https://splunk:8088", 400, "") { RetryAfter = TimeSpan.FromSeconds(4) };
    private static readonly IntakeVerdict Rejected = new(new DeliveryOutcome.Rejected("reason", "answer"));
    private static readonly IntakeVerdict Wrong = new(new DeliveryOutcome.Misconfigured(ErrorCategory.Configuration, "reason"));
    private static readonly IntakeVerdict Busy = new(new DeliveryOutcome.Transient(ErrorCategory.ServerError, "reason"));

    [Theory]
    [InlineData("{\"text\":\"Success\",\"code\":0}", 0, null, null)]
    [InlineData("{\"text\":\"Success\",\"code\":0,\"ackId\":12345678901}", 0, null, 12345678901L)]
    [InlineData("{\"code\":12,\"invalid-event-number\":3}", 12, 3, null)]
    [InlineData("{\"code\":7,\"invalid-event-number\":3}", 7, 2, null)]
    [InlineData("{\"code\":7,\"invalid-event-number\":1.5,\"ackId\":1.5}", 7, null, null)]
    public void AReplyIsReadAndItsEventCountedFromZero(string body, int code, int? invalid, long? ackId)
    {
        Assert.True(HecReply.TryRead(Encoding.UTF8.GetBytes(body), out var reply));
        Assert.Equal(new HecReply(code, invalid, ackId), reply);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"code\":1.5}")]
    [InlineData("{\"code\":\"0\"}")]
    [InlineData("{\"code\":0,\"ackId\":\"7\"}")]
    public void WhatIsNotAReplyOfACollectorIsNotRead(string body)
    {
        Assert.False(HecReply.TryRead(Encoding.UTF8.GetBytes(body), out var reply));
        Assert.Null(reply);
    }

    [Fact]
    public void EveryCodeHasOneRuleWhichSaysWhatToDoUnlessAllIsWell()
    {
        string[] expected =
        [
            "0 Delivered Internal", "1 Misconfigured Authentication", "2 Misconfigured Authentication", "3 Misconfigured Authentication", "4 Misconfigured Authentication", "5 Rejected Rejected", "6 Rejected Rejected",
            "7 Misconfigured Configuration", "8 Transient ServerError", "9 Transient ServerError", "10 Misconfigured Configuration", "11 Misconfigured Configuration", "12 Rejected Rejected", "13 Rejected Rejected",
            "14 Misconfigured Configuration", "15 Rejected Rejected", "16 Misconfigured Authentication", "17 Delivered Internal", "18 Transient ServerError", "19 Transient ServerError", "20 Transient ServerError",
            "21 Misconfigured Authentication", "22 Misconfigured Authentication", "23 Transient ServerError", "24 Delivered Internal slow", "25 Delivered Internal slow", "26 Transient RateLimited", "27 Transient RateLimited",
        ];

        var rules = Enumerable.Range(0, 28).Select(HecReplyTable.Find).ToList();
        Assert.Equal(expected, rules.Select(rule => $"{rule!.Code} {rule.Verdict} {rule.Category}{(rule.Slow ? " slow" : "")}"));
        Assert.All(rules, rule => Assert.Equal(rule!.Verdict == HttpVerdict.Delivered && !rule.Slow, rule.Advice.Length == 0));
        Assert.Null(HecReplyTable.Find(28));
        Assert.Null(HecReplyTable.Find(-1));
    }

    [Fact]
    public void WhatStandsBeforeTheBadEventIsTakenAndWhatFollowsIsSentAgain()
    {
        Assert.Equal("partial 4 s: refused 1 (reason) [answer]; retry 2,3; answer", Told.Of(HecPartialBatch.Of(Rejected, Answer, 1, 4)));
        Assert.Equal("partial 4 s: refused 3 (reason) [answer]; retry ; answer", Told.Of(HecPartialBatch.Of(Rejected, Answer, 3, 4)));
        Assert.Equal("partial 4 s: refused 0 (reason) [answer]; retry 1; answer", Told.Of(HecPartialBatch.Of(Rejected, Answer, 0, 2)));
        Assert.Equal("rejected: reason [answer]", Told.Of(HecPartialBatch.Of(Rejected, Answer, 0, 1)));
    }

    [Fact]
    public void AWrongSettingRefusesNothingAndEverythingFromThereOnWaits()
    {
        Assert.Equal("partial 4 s: refused ; retry 1,2,3; reason", Told.Of(HecPartialBatch.Of(Wrong, Answer, 1, 4)));
        Assert.Equal("misconfigured Configuration: reason", Told.Of(HecPartialBatch.Of(Wrong, Answer, 0, 4)));
        Assert.Equal("transient ServerError -: reason", Told.Of(HecPartialBatch.Of(Busy, Answer, 1, 4)));
    }

    [Fact]
    public void WhatNobodyConfirmedIsSentAgainButForTheRefusedEvent()
    {
        var partial = HecPartialBatch.Of(Rejected, Answer, 2, 4);

        Assert.Equal(
            "partial 4 s: refused 2 (reason) [answer]; retry 0,1,3; answer; before the rejected one, 2 events not confirmed in time, sent again",
            Told.Of(HecPartialBatch.RetryTaken(partial, 2, 4)));
        Assert.Same(Busy, HecPartialBatch.RetryTaken(Busy, 2, 4));
        Assert.Equal("partial 4 s: refused 2 (reason) [answer]; retry 3; answer; note", Told.Of(HecPartialBatch.Note(partial, "note")));
        Assert.Same(Busy, HecPartialBatch.Note(Busy, "note"));
    }

    [Fact]
    public void AConfirmedBatchKeepsThePaceThatWasAskedFor()
    {
        var taken = new DeliveryOutcome.Delivered("taken") { SlowDown = new SlowDown("full") };

        Assert.Equal("delivered: indexed; slow down -: full", Told.Of(HecPartialBatch.WithPaceOf(taken, IntakeVerdict.Delivered("indexed"))));
        Assert.Same(Busy, HecPartialBatch.WithPaceOf(taken, Busy));
    }
}
