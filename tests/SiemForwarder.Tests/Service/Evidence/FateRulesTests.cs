using SiemForwarder.Events;
using SiemForwarder.Service.Evidence;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Tests.Service.Evidence;

/// <summary>What became of an event, from the records.</summary>
public sealed class FateRulesTests
{
    private const long Position = 50;

    private static readonly DateTimeOffset At = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
    private static readonly DeliveryResponse Sent = new(1, 1, 41, 60, 20, 100, "ab", 1, "HTTP 200", [], At);
    private static readonly SetAsideResponse Aside = new(1, 1, Position, "id", "LOGIN_ERROR", At, "", "", "it smells", "HTTP 400", At, "open", null, null, 1);

    [Theory]
    [InlineData(49, 0, "waiting", "It is the next event of its source. It will be sent.")]
    [InlineData(40, 0, "waiting", "10 events of its source, including this one, are waiting. It will be sent.")]
    [InlineData(50, 0, "filtered out", "The filter at that time excluded it, or its delivery record is past its retention.")]
    [InlineData(90, 50, "before start", "The event was stored before the integration was created, or before the source was added to it.")]
    public void WithoutARecordTheCheckpointDecides(long checkpoint, long start, string state, string explanation)
    {
        var fate = Rules(checkpoint, start).Tell(null, null);

        Assert.Equal((state, explanation, null), (fate.State, fate.Explanation, fate.Delivery));
        Assert.Equal(state != "waiting", Rules(checkpoint, start).AsksForRecords);
    }

    [Fact]
    public void ADeliveryIsToldWithItsTimeAndAnswer()
    {
        var fate = Rules(90, 0).Tell(null, Sent);

        Assert.Equal(("delivered", Sent), (fate.State, fate.Delivery));
        Assert.Equal("Accepted at 2026-11-20 12:00:00 UTC: HTTP 200.", fate.Explanation);
    }

    [Fact]
    public void WhatABackfillBroughtFromBeforeTheStartNamesIt() =>
        Assert.Equal("Accepted at 2026-11-20 12:00:00 UTC by replay 8: HTTP 200.", Rules(90, 50).Tell(null, Sent with { Replay = 8 }).Explanation);

    [Theory]
    [InlineData("open", "set aside", "The destination rejected it: it smells")]
    [InlineData("requested", "set aside", "The destination rejected it: it smells")]
    [InlineData("delivered", "delivered", "Set aside first, then sent again. noted")]
    [InlineData("discarded", "discarded", "The destination rejected it, and it was discarded: noted")]
    public void WhatWasSetAsideIsToldByWhatWasDecidedOfIt(string decided, string state, string explanation)
    {
        foreach (var start in new[] { 0, 50 })
        {
            var fate = Rules(90, start).Tell(Aside with { State = decided, Note = "noted" }, Sent);

            Assert.Equal((state, explanation, null), (fate.State, fate.Explanation, fate.Delivery));
        }
    }

    [Fact]
    public void AnEventOfASourceThatIsNotForwardedIsNotSelected()
    {
        const string Definition = """{"sources":[77]}""";

        Assert.False(Rules(90, 0, Definition).AsksForRecords);
        Assert.Equal("not selected", Rules(90, 0, Definition).Tell(null, null).State);
    }

    [Fact]
    public void WhatTheFilterLeavesOutSaysByWhichRule()
    {
        const string Definition = """{"filter":{"include":{"types":["LOGIN"]}}}""";

        Assert.Equal("The filter excluded it: type LOGIN_ERROR is not in include.types", Rules(90, 0, Definition).Tell(null, null).Explanation);
        Assert.Equal("The filter will exclude it: type LOGIN_ERROR is not in include.types", Rules(10, 0, Definition).Tell(null, null).Explanation);
    }

    [Fact]
    public void WhatWaitsForADisabledIntegrationSaysSo() =>
        Assert.EndsWith("The integration is disabled.", Rules(10, 0, isEnabled: false).Tell(null, null).Explanation, StringComparison.Ordinal);

    private static FateRules Rules(long checkpoint, long start, string definition = "{}", bool isEnabled = true) => new(
        new Integration
        {
            Id = 3, Name = "corp", Description = "", Enabled = isEnabled, EnginePool = "default", Destination = "webhook", ServerUrl = "https://siem.example.com/",
            Definition = definition,
        },
        Support.Some.LoginEvent(position: Position), new FateCheckpoint(checkpoint, start));
}
