using System.Text.Json.Nodes;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Simulator;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Keycloak.Tail;

/// <summary>Every tail scenario of the fixtures, on both tiers where the tier can have it.</summary>
public sealed class FixtureScenarioTests
{
    private const SimulatedTier A = SimulatedTier.WithIds;
    private const SimulatedTier B = SimulatedTier.WithoutIds;

    [Theory]
    [InlineData(A)]
    [InlineData(B)]
    public async Task AnEventThatCommitsLateIsFound(SimulatedTier tier)
    {
        await using var polled = await StartAsync(tier);
        var polls = FixtureScenarios.Get("late_commit")["polls"]!.AsArray();
        FixtureScenarios.Add(polled.Realm.UserEvents, polls[0]!["dbRows"]!);
        await polled.PollToEndAsync();
        FixtureScenarios.Add(polled.Realm.UserEvents, New(polls[0]!["dbRows"]!, polls[1]!["dbRows"]!));
        polled.Clock.Advance(TimeSpan.FromSeconds(5));

        await polled.PollToEndAsync();

        polled.AssertComplete();
        Assert.Equal(3, polled.Log.Bodies(EventStream.User).Count);
    }

    [Theory]
    [InlineData(A)]
    [InlineData(B)]
    public async Task AGroupOfOneMillisecondMayBeLargerThanAPage(SimulatedTier tier)
    {
        var scenario = FixtureScenarios.Get("same_millisecond_group_larger_than_page");
        await using var polled = await StartAsync(tier, (int)scenario["pageSize"]!);
        polled.Realm.UserEvents.ShufflesTies = true;
        FixtureScenarios.Add(polled.Realm.UserEvents, scenario["dbRows"]!);

        await polled.PollToEndAsync();

        Assert.Equal((int)scenario["expectCount"]!, polled.Log.Bodies(EventStream.User).Count);
        polled.AssertComplete();
    }

    [Theory]
    [InlineData(A)]
    [InlineData(B)]
    public async Task TheOrderOfTiesMayChangeFromQueryToQuery(SimulatedTier tier)
    {
        var scenario = FixtureScenarios.Get("tie_at_page_boundary_unstable_order");
        await using var polled = await StartAsync(tier, (int)scenario["pageSize"]!);
        polled.Realm.UserEvents.ShufflesTies = true;
        var rows = scenario["queries"]!.AsArray().SelectMany(query => query!.AsArray()).DistinctBy(row => (string)row!["id"]!);
        FixtureScenarios.Add(polled.Realm.UserEvents, new JsonArray([.. rows.Select(row => row!.DeepClone())]));

        await polled.PollToEndAsync();

        Assert.Equal(scenario["expectIds"]!.AsArray().Count, polled.Log.Bodies(EventStream.User).Count);
        polled.AssertComplete();
    }

    [Theory]
    [InlineData(A)]
    [InlineData(B)]
    public async Task RowsInsertedBetweenTwoPagesShiftNothingAway(SimulatedTier tier)
    {
        var scenario = FixtureScenarios.Get("desc_offset_drift");
        await using var polled = await StartAsync(tier, (int)scenario["pageSize"]!);
        FixtureScenarios.Add(polled.Realm.UserEvents, scenario["page0_first0"]!);
        FixtureScenarios.Add(polled.Realm.UserEvents, New(scenario["page0_first0"]!, scenario["page1_first3"]!));
        polled.Log.Committed = () =>
        {
            polled.Log.Committed = null;
            FixtureScenarios.Add(polled.Realm.UserEvents, scenario["insertedBetween"]!);
        };

        await polled.PollToEndAsync();
        polled.Clock.Advance(TimeSpan.FromSeconds(5));
        await polled.PollToEndAsync();

        polled.AssertComplete();
        Assert.Equal(6, polled.Log.Bodies(EventStream.User).Count);
    }

    [Theory]
    [InlineData(A)]
    [InlineData(B)]
    public async Task RowsAlikeInOnePageAreTwoEvents(SimulatedTier tier)
    {
        var scenario = FixtureScenarios.Get("identical_events_without_id");
        await using var polled = await StartAsync(tier);
        FixtureScenarios.Add(polled.Realm.UserEvents, scenario["page"]!);

        await polled.PollToEndAsync();
        polled.Restart();
        await polled.PollToEndAsync();

        Assert.Equal((int)scenario["expectCount"]!, polled.Log.Bodies(EventStream.User).Count);
    }

    [Fact]
    public async Task AnUpgradeThatAddsIdsRepeatsNothing()
    {
        await using var polled = await StartAsync(B);
        FixtureScenarios.Add(polled.Realm.UserEvents, FixtureScenarios.Get("upgrade_adds_ids")["after"]!);
        FixtureScenarios.Add(polled.Realm.UserEvents, FixtureScenarios.Get("identical_events_without_id")["page"]!);
        await polled.PollToEndAsync();
        Assert.Equal(3, polled.Log.Bodies(EventStream.User).Count);

        polled.Server.Tier = A;
        for (var i = 0; i < 4; i++)
        {
            polled.Clock.Advance(TimeSpan.FromSeconds(5));
            await polled.PollToEndAsync();
        }

        Assert.Equal(ApiTier.WithIds, polled.Poller.Status.Streams[0].Tier);
        polled.Realm.AddLogin("alice");
        await polled.PollToEndAsync();
        Assert.Equal(4, polled.Log.Bodies(EventStream.User).Count);
        Assert.Contains("\"id\"", polled.Log.Bodies(EventStream.User)[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(A)]
    [InlineData(B)]
    public async Task ClearingTheEventsAtTheSourceRaisesAnEvent(SimulatedTier tier)
    {
        await using var polled = await StartAsync(tier);
        FixtureScenarios.Add(polled.Realm.UserEvents, FixtureScenarios.Get("store_cleared")["poll1"]!);
        await polled.PollToEndAsync();
        polled.Realm.UserEvents.Clear();
        polled.Clock.Advance(TimeSpan.FromSeconds(125));

        await polled.PollToEndAsync();
        polled.Clock.Advance(TimeSpan.FromSeconds(125));
        await polled.PollToEndAsync();

        var notice = JsonNode.Parse(Assert.Single(polled.Log.Bodies(EventStream.Forwarder)))!;
        Assert.Equal("SOURCE_EVENTS_REMOVED", (string)notice["event_type"]!);
        Assert.Equal("2", (string)notice["context"]!["rows"]!);
        Assert.Equal(2, polled.Log.Bodies(EventStream.User).Count);
    }

    [Theory]
    [InlineData(A)]
    [InlineData(B)]
    public async Task AStampInTheFutureIsDeliveredAndDoesNotMoveTheWatermark(SimulatedTier tier)
    {
        var scenario = FixtureScenarios.Get("future_clock");
        await using var polled = await StartAsync(tier, timeMs: FixtureScenarios.TimeMs - 1000);
        FixtureScenarios.Add(polled.Realm.UserEvents, scenario["dbRows"]!);

        await polled.PollToEndAsync();

        Assert.Equal(2, polled.Log.Bodies(EventStream.User).Count);
        var watermark = polled.Poller.Status.Streams[0].Watermark!.Value.ToUnixTimeMilliseconds();
        Assert.True(watermark <= (long)scenario["expectWatermarkAtMost"]!, $"The watermark ran ahead to {watermark}.");
    }

    private static async Task<PolledRealm> StartAsync(SimulatedTier tier, int? pageRows = null, long timeMs = FixtureScenarios.TimeMs + 5000) =>
        await PolledRealm.StartAsync(tier, pageRows: pageRows, clock: new TestClock(DateTimeOffset.FromUnixTimeMilliseconds(timeMs)));

    /// <summary>The rows of the second list that the first does not have.</summary>
    private static JsonArray New(JsonNode before, JsonNode after)
    {
        var known = before.AsArray().Select(row => (string)row!["id"]!).ToHashSet();
        return new JsonArray([.. after.AsArray().Where(row => !known.Contains((string)row!["id"]!)).Select(row => row!.DeepClone())]);
    }
}
