using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Inbox;

/// <summary>The word of a 202: the event is in the log, whatever happens to the service or its database afterwards.</summary>
public sealed class InboxCrashTests
{
    private const int Senders = 16;
    private const int Kills = 3;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(8);

    [Fact]
    public async Task WhatWasAnswered202IsStoredThoughTheServiceIsKilledAgainAndAgain()
    {
        await using var scene = await Scene.StartAsync();
        var token = scene.Token;
        for (var kill = 1; kill <= Kills; kill++)
        {
            await scene.WaitForAcceptedAsync(scene.Accepted.Count + 200);
            await scene.Forwarder.KillAsync(token);
            await scene.Forwarder.StartAsync(token);
        }

        await scene.WaitForAcceptedAsync(scene.Accepted.Count + 200);
        await scene.StopSendersAsync();

        await scene.AssertAllStoredOnceAsync();
    }

    [Fact]
    public async Task WhileTheDatabaseIsStoppedTheAnswerIs503AndAfterwardsEveryEventIsThereOnce()
    {
        await using var scene = await Scene.StartAsync();
        var token = scene.Token;
        await scene.WaitForAcceptedAsync(200);

        await scene.Forwarder.HoldDatabaseAsync(token);
        var acceptedAtStop = scene.Accepted.Count;
        await scene.WaitForUnavailableAsync(scene.Unavailable + 100);
        var acceptedMeanwhile = scene.Accepted.Count - acceptedAtStop;
        scene.Forwarder.LetDatabaseStart();
        await scene.Forwarder.WaitUntilReadyAsync(token);
        await scene.WaitForAcceptedAsync(scene.Accepted.Count + 200);
        await scene.StopSendersAsync();

        // Those whose commit was done when the database went away may hear of it a little later.
        Assert.InRange(acceptedMeanwhile, 0, Senders);
        Assert.Empty(scene.Others);
        await scene.AssertAllStoredOnceAsync();
    }

    /// <summary>A real service with senders of single events, each of which sends an event again until it hears 202.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private readonly CancellationTokenSource bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        private readonly CancellationTokenSource stop = new();
        private readonly List<Task> senders = [];
        private Pusher pusher = null!;
        private int unavailable;

        private Scene() => bound.CancelAfter(Bound);

        public CancellationToken Token => bound.Token;

        public ForwarderProcess Forwarder { get; } = new(ForwarderProcess.NewFolder());

        /// <summary>Ids of the events that were answered 202.</summary>
        public ConcurrentQueue<string> Accepted { get; } = new();

        /// <summary>Answers that were neither 202 nor 503.</summary>
        public ConcurrentQueue<HttpStatusCode> Others { get; } = new();

        public int Unavailable => unavailable;

        public static async Task<Scene> StartAsync()
        {
            Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
            var scene = new Scene();
            await scene.Forwarder.StartAsync(scene.Token);
            var source = await scene.Forwarder.PostAsync("/api/v1/sources", new { name = "apps", kind = "http", inbox = new { key = Pusher.Key } }, scene.Token);
            scene.pusher = new Pusher(scene.Forwarder.Api, source["id"]!.GetValue<int>());
            scene.senders.AddRange(Enumerable.Range(0, Senders).Select(_ => scene.SendAsync()));
            return scene;
        }

        public Task WaitForAcceptedAsync(int count) => WaitAsync(() => Accepted.Count >= count);

        public Task WaitForUnavailableAsync(int count) => WaitAsync(() => unavailable >= count);

        public async Task StopSendersAsync()
        {
            await stop.CancelAsync();
            await Task.WhenAll(senders);
        }

        public async Task AssertAllStoredOnceAsync()
        {
            await using var log = LogBench.Open(Forwarder.ConnectionString);
            var stored = await log.ReadAllAsync(pusher.SourceId);
            var ids = stored.Select(entry => JsonNode.Parse(entry.Body)!["event_id"]!.GetValue<string>()).ToList();

            Assert.Equal(Enumerable.Range(1, stored.Count).Select(number => (long)number), stored.Select(entry => entry.Position));
            Assert.Equal(ids.Count, ids.Distinct().Count());
            Assert.Empty(Accepted.Except(ids));
            // Nothing but what was sent: at most the one event of each sender that was under way at the end was stored without its answer being heard.
            Assert.InRange(ids.Count - Accepted.Count, 0, Senders);
        }

        public async ValueTask DisposeAsync()
        {
            await StopSendersAsync();
            await Forwarder.DisposeAsync();
            stop.Dispose();
            bound.Dispose();
        }

        private async Task SendAsync()
        {
            while (!stop.IsCancellationRequested && !Token.IsCancellationRequested)
            {
                var id = Guid.NewGuid().ToString("D");
                var body = Pusher.Event(id);
                while (!await IsAcceptedAsync(body) && !stop.IsCancellationRequested && !Token.IsCancellationRequested)
                {
                    await Task.Yield();
                }

                if (!stop.IsCancellationRequested)
                {
                    Accepted.Enqueue(id);
                }
            }
        }

        private async Task<bool> IsAcceptedAsync(string body)
        {
            try
            {
                var answer = await pusher.PushAsync(body, Token);
                if (answer.Status == HttpStatusCode.ServiceUnavailable)
                {
                    Interlocked.Increment(ref unavailable);
                }
                else if (answer.Status != HttpStatusCode.Accepted)
                {
                    Others.Enqueue(answer.Status);
                }

                return answer.Status == HttpStatusCode.Accepted;
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
            {
                // The service is dead or not up yet: the event is sent again.
                await Task.Delay(20, CancellationToken.None);
                return false;
            }
        }

        private async Task WaitAsync(Func<bool> isSo)
        {
            using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            while (!isSo())
            {
                await tick.WaitForNextTickAsync(Token);
            }
        }
    }
}
