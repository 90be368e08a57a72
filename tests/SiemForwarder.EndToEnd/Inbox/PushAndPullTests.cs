using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Simulator;
using SiemForwarder.Simulator.Receivers;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.EndToEnd.Inbox;

/// <summary>A realm that is pushed in real time and pulled as the safety net: every event once, whichever came first.</summary>
public sealed class PushAndPullTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const int Count = 200;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task WhatWasPushedIsNotStoredAgainWhenItIsPulled(SimulatedTier tier)
    {
        await using var realm = await PulledRealm.StartAsync(await running.GetAsync(), tier);
        var events = PulledRealm.Traffic(realm.NowMs, seed: 11);

        // The first and the last are lost on their way, so that the poller shows that it read them all.
        foreach (var one in events[1..^1])
        {
            Assert.Equal((1, 0, 0), Pusher.Counts(await realm.PushAsync(one)));
        }

        events.ForEach(realm.Show);
        await realm.PullEverythingAsync();

        Assert.Equal(Count + realm.OwnEvents, await realm.CountStoredAsync());
        Assert.Equal(Count - 2, (await realm.BodiesAsync()).Count(body => body.Contains("\"uid\"", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task WhatWasPulledIsADuplicateWhenItIsPushed(SimulatedTier tier)
    {
        await using var realm = await PulledRealm.StartAsync(await running.GetAsync(), tier);
        var events = PulledRealm.Traffic(realm.NowMs, seed: 12);
        events.ForEach(realm.Show);
        await realm.PullEverythingAsync();

        foreach (var one in events)
        {
            Assert.Equal((0, 1, 0), Pusher.Counts(await realm.PushAsync(one)));
        }

        Assert.Equal(Count + realm.OwnEvents, await realm.CountStoredAsync());
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task InARaceOfBothEveryEventIsStoredOnceWithOneIdForBoth(SimulatedTier tier)
    {
        var forwarder = await running.GetAsync();
        await using var receiver = TcpSyslogReceiver.Start();
        await using var realm = await PulledRealm.StartAsync(forwarder, tier);
        await forwarder.AddIntegrationAsync(new
        {
            name = $"race-{Guid.NewGuid():N}", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources = new[] { realm.SourceId },
        });
        var before = realm.OwnEvents;
        var events = PulledRealm.Traffic(realm.NowMs, seed: 13);
        var random = new Random(13);

        // About half is seen by the poller before its push, half after; polls go on all the while.
        await Task.WhenAll(events.Chunk(Count / 8).Select(async part =>
        {
            foreach (var one in part)
            {
                var shownFirst = random.Next(2) == 0;
                if (shownFirst)
                {
                    realm.Show(one);
                    await realm.WaitForAPollAsync();
                }

                Assert.Equal(HttpStatusCode.Accepted, (await realm.PushAsync(one)).Status);
                if (!shownFirst)
                {
                    realm.Show(one);
                }
            }
        }));
        await realm.PullEverythingAsync();

        var bodies = await realm.BodiesAsync();
        Assert.Equal(Count + realm.OwnEvents, bodies.Count);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(60));
        await receiver.WaitForMessagesAsync(bodies.Count - before, bound.Token);
        var ids = receiver.Messages.Select(message => JsonNode.Parse(message)!["event_id"]!.GetValue<string>()).ToList();
        Assert.Equal(bodies.Count - before, ids.Distinct().Count());
        Assert.InRange(bodies.Count(body => body.Contains("\"uid\"", StringComparison.Ordinal)), 1, Count);
    }

    [Fact]
    public async Task EventsOfAnotherRealmAndPushesWithoutAnInboxAreRefused()
    {
        var forwarder = await running.GetAsync();
        await using var realm = await PulledRealm.StartAsync(forwarder, SimulatedTier.WithIds);

        var foreign = await realm.PushAsync("""{"id":"1","type":"access.LOGIN","time":1762164930123,"realmName":"other"}""");
        var current = await forwarder.GetAsync($"/api/v1/sources/{realm.SourceId}");
        await forwarder.PutAsync($"/api/v1/sources/{realm.SourceId}", new
        {
            name = current["name"]!.GetValue<string>(), keycloak = new { baseUrl = current["keycloak"]!["baseUrl"]!.GetValue<string>(), realm = "siem-demo", clientId = "siem-forwarder" },
        });
        var closed = await realm.PushAsync("""{"id":"1","type":"access.LOGIN","time":1762164930123}""");

        Assert.Equal(HttpStatusCode.BadRequest, foreign.Status);
        Assert.Contains("another realm", foreign.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, closed.Status);
        Assert.Contains("accepts no pushed events", closed.Text, StringComparison.Ordinal);
    }

    /// <summary>A simulated realm, pulled every second, whose source takes pushes too.</summary>
    private sealed class PulledRealm : IAsyncDisposable
    {
        private readonly ForwarderApplication forwarder;
        private readonly KeycloakSimulator keycloak;
        private Pusher pusher = null!;

        private PulledRealm(ForwarderApplication forwarder, KeycloakSimulator keycloak) => (this.forwarder, this.keycloak) = (forwarder, keycloak);

        public int SourceId => pusher.SourceId;

        /// <summary>Marks that were pulled.</summary>
        public int OwnEvents { get; private set; }

        public long NowMs => keycloak.NowMs();

        public static async Task<PulledRealm> StartAsync(ForwarderApplication forwarder, SimulatedTier tier)
        {
            var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions { Tier = tier }, Token);
            keycloak.Realm.RecordsTokens = false;
            var source = await forwarder.PostAsync("/api/v1/sources", new
            {
                name = $"both-{Guid.NewGuid():N}",
                keycloak = new { baseUrl = keycloak.BaseUrl, realm = "siem-demo", clientId = "siem-forwarder", clientSecret = "siem-forwarder-secret", start = "everything", pollIntervalSeconds = 1 },
                inbox = new { key = Pusher.Key },
            });
            var realm = new PulledRealm(forwarder, keycloak) { pusher = new Pusher(forwarder.Api, source["id"]!.GetValue<int>()) };
            await realm.PullEverythingAsync();
            return realm;
        }

        /// <summary>What a realm would write now: the stream and the JSON of each.</summary>
        public static List<(EventStream Stream, string Json)> Traffic(long nowMs, int seed)
        {
            var scratch = new SimulatedRealm("siem-demo", () => nowMs);
            using var traffic = new SimulatedTraffic(seed);
            // Within the overlap of polls, so that the next one reads them and no sweep has to be waited for.
            traffic.Fill(scratch, Count, nowMs - 4000, nowMs);
            return [.. scratch.UserEvents.Rows().Select(row => (EventStream.User, row)), .. scratch.AdminEvents.Rows().Select(row => (EventStream.Admin, row))];
        }

        public Task<ApiAnswer> PushAsync((EventStream Stream, string Json) one) =>
            PushAsync(Encoding.UTF8.GetString(WebhookPayloads.PhaseTwo(one.Stream, Encoding.UTF8.GetBytes(one.Json), keycloak.Realm.Name)));

        public Task<ApiAnswer> PushAsync(string body) => pusher.PushAsync(body, Token);

        /// <summary>Lets the events API show an event.</summary>
        public void Show((EventStream Stream, string Json) one)
        {
            var events = one.Stream == EventStream.Admin ? keycloak.Realm.AdminEvents : keycloak.Realm.UserEvents;
            events.Add(JsonNode.Parse(one.Json)!["time"]!.GetValue<long>(), Encoding.UTF8.GetBytes(one.Json));
        }

        /// <summary>Adds a mark to both streams and waits until both are stored: then all before them was read.</summary>
        public async Task PullEverythingAsync()
        {
            var mark = Guid.NewGuid().ToString("N");
            keycloak.Realm.AddLogin(mark);
            keycloak.Realm.AddAdminEvent("UPDATE", "USER", $"users/{mark}");
            OwnEvents += 2;
            await WaitAsync(async () => (await BodiesAsync()).Count(body => body.Contains(mark, StringComparison.Ordinal)) == 2);
        }

        public async Task WaitForAPollAsync()
        {
            var before = await PolledAtAsync();
            await WaitAsync(async () => await PolledAtAsync() != before);
        }

        public async Task<long> CountStoredAsync() => (await BodiesAsync()).Count;

        public async Task<List<string>> BodiesAsync()
        {
            await using var log = LogBench.Open(forwarder.ConnectionString);
            return [.. (await log.ReadAllAsync(SourceId)).Select(entry => entry.Body)];
        }

        public ValueTask DisposeAsync() => keycloak.DisposeAsync();

        private async Task<string> PolledAtAsync() =>
            (await forwarder.GetAsync($"/api/v1/sources/{SourceId}/status"))["poll"]?.ToJsonString() ?? "";

        private static async Task WaitAsync(Func<Task<bool>> isSo)
        {
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
            bound.CancelAfter(TimeSpan.FromSeconds(60));
            using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            while (!await isSo())
            {
                await tick.WaitForNextTickAsync(bound.Token);
            }
        }
    }
}
