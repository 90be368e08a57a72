using System.Net;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Inbox;

namespace SiemForwarder.EndToEnd.Inbox;

/// <summary>Group commit on a real log, and what senders hear while the log stands still.</summary>
public sealed class CommitQueueTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhatArrivesDuringAnAppendGoesIntoTheNextOneTogetherAndEverySenderHearsItsOwnCount()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var queue = new CommitQueue(source, bench.NewWriter(), TimeSpan.FromSeconds(30), TimeProvider.System);
        var repeated = LogBench.Event(Guid.NewGuid(), 1_789_041_600_000);
        var first = await Held.RunAsync(bench.Database, source, () => queue.CommitAsync([repeated]), async () =>
            await Task.WhenAll(Enumerable.Range(0, 100).Select(number => queue.CommitAsync(
                [LogBench.Event(Guid.NewGuid(), 1_789_041_600_000 + number), repeated with { Body = repeated.Body.ToArray() }]))), Token);

        Assert.Equal(1, first.First.Stored);
        Assert.All(first.Meanwhile, outcome => Assert.Equal((1, null), (outcome.Stored, outcome.Fault)));
        Assert.Equal(2L, await bench.ScalarAsync("SELECT count(*) FROM segment"));
        Assert.Equal(101, (await bench.ReadAllAsync(source)).Count);
    }

    [Fact]
    public async Task TheSameNewEventFromTwoSendersInOneGroupIsNewForOneOfThem()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var queue = new CommitQueue(source, bench.NewWriter(), TimeSpan.FromSeconds(30), TimeProvider.System);
        var twin = LogBench.Event(Guid.NewGuid(), 1_789_041_600_000);

        var result = await Held.RunAsync(bench.Database, source, () => queue.CommitAsync([LogBench.Event(Guid.NewGuid(), 1_789_041_600_000)]), async () =>
            await Task.WhenAll(queue.CommitAsync([twin]), queue.CommitAsync([twin with { Body = twin.Body.ToArray() }])), Token);

        Assert.Equal([1, 0], result.Meanwhile.Select(outcome => outcome.Stored));
    }

    [Fact]
    public async Task SendersThatCameTogetherAreWaitedForAndGoIntoOneAppendAgain()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var queue = new CommitQueue(source, bench.NewWriter(), TimeSpan.FromSeconds(30), new PatientClock());
        Task<CommitOutcome> Commit() => queue.CommitAsync([LogBench.Event(Guid.NewGuid(), 1_789_041_600_000)]);
        await Held.RunAsync(bench.Database, source, Commit, () => Task.WhenAll(Commit(), Commit(), Commit()), Token);

        var outcomes = await Task.WhenAll(Commit(), Commit(), Commit()).WaitAsync(TimeSpan.FromSeconds(60), Token);

        Assert.All(outcomes, outcome => Assert.Equal(1, outcome.Stored));
        Assert.Equal(3L, await bench.ScalarAsync("SELECT count(*) FROM segment"));
    }

    [Fact]
    public async Task ASenderThatComesAloneAfterManyIsServedToo()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var queue = new CommitQueue(source, bench.NewWriter(), TimeSpan.FromSeconds(30), TimeProvider.System);
        Task<CommitOutcome> Commit() => queue.CommitAsync([LogBench.Event(Guid.NewGuid(), 1_789_041_600_000)]);
        await Held.RunAsync(bench.Database, source, Commit, () => Task.WhenAll(Commit(), Commit(), Commit()), Token);

        var outcome = await Commit().WaitAsync(TimeSpan.FromSeconds(60), Token);

        Assert.Equal(1, outcome.Stored);
    }

    [Fact]
    public async Task ALogThatStandsStillIsAnsweredWith503AndAFullInboxToo()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Inbox:CommitTimeout=00:00:01", "--Forwarder:Inbox:MaxPendingBytes=2097152");
        var pusher = await Pusher.CreateAsync(forwarder);
        await pusher.PushAsync(Pusher.Event("first"), Token);
        await using var database = NpgsqlDataSource.Create(forwarder.ConnectionString);
        var large = Pusher.Event("large").Replace("}", $",\"context\":{{\"text\":\"{new string('x', 200_000)}\"}}}}", StringComparison.Ordinal);
        var larger = $"[{large},{large},{large},{large}]";

        ApiAnswer[] answers;
        await using (await Held.OpenAsync(database, pusher.SourceId, Token))
        {
            answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => pusher.PushAsync(larger, Token)));
        }

        var after = await pusher.PushAsync(larger, Token);

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status));
        Assert.Contains(answers, answer => answer.Text.Contains("Inbox full", StringComparison.Ordinal));
        Assert.Contains(answers, answer => answer.Text.Contains("did not answer within 1 s", StringComparison.Ordinal));
        Assert.Equal((1, 3, 0), Pusher.Counts(after));
        Assert.Equal(2, (await forwarder.GetAsync($"/api/v1/sources/{pusher.SourceId}/status"))["storedEvents"]!.GetValue<long>());
    }

    /// <summary>A clock on which no short wait ever ends.</summary>
    private sealed class PatientClock : TimeProvider
    {
        public override long GetTimestamp() => 0;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime < TimeSpan.FromSeconds(1) ? Timeout.InfiniteTimeSpan : dueTime, period);
    }

    /// <summary>The head of a log, locked, so that no append can end.</summary>
    private sealed class Held(NpgsqlConnection connection, NpgsqlTransaction transaction) : IAsyncDisposable
    {
        public static async Task<Held> OpenAsync(NpgsqlDataSource database, int source, CancellationToken cancellationToken)
        {
            var connection = await database.OpenConnectionAsync(cancellationToken);
            var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var command = new NpgsqlCommand($"SELECT 1 FROM log_head WHERE source_id = {source} FOR UPDATE", connection, transaction);
            await command.ExecuteNonQueryAsync(cancellationToken);
            return new Held(connection, transaction);
        }

        /// <summary>Starts one commit while the head is locked, then others, and lets them end.</summary>
        public static async Task<(CommitOutcome First, CommitOutcome[] Meanwhile)> RunAsync(
            NpgsqlDataSource database, int source, Func<Task<CommitOutcome>> first, Func<Task<CommitOutcome[]>> others, CancellationToken cancellationToken)
        {
            Task<CommitOutcome> one;
            Task<CommitOutcome[]> many;
            await using (await OpenAsync(database, source, cancellationToken))
            {
                one = first();
                await WaitForLockAsync(database, cancellationToken);
                many = others();
            }

            return (await one, await many);
        }

        public async ValueTask DisposeAsync()
        {
            await transaction.RollbackAsync();
            await transaction.DisposeAsync();
            await connection.DisposeAsync();
        }

        private static async Task WaitForLockAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
        {
            using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
            do
            {
                await using var command = database.CreateCommand("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
                if ((long)(await command.ExecuteScalarAsync(cancellationToken))! > 0)
                {
                    return;
                }
            }
            while (await tick.WaitForNextTickAsync(cancellationToken));
        }
    }
}
