using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Dispatch;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Tests.Destinations;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Dispatch;

public sealed class DeliveryRoundTests
{
    private static readonly DeliveryOutcome Taken = new DeliveryOutcome.Delivered("HTTP 200");
    private static readonly DeliveryOutcome Failed = new DeliveryOutcome.Transient(ErrorCategory.ServerError, "HTTP 503");

    private readonly TestClock time = new();
    private readonly List<string> noted = [];

    [Fact]
    public async Task ARoundIsOneAttemptAndThreeRetriesWithGrowingDelays()
    {
        var destination = new ScriptedDestination(time, () => Failed);

        var result = await RunAsync(destination);

        Assert.Equal((Failed, 4), (result.Outcome, result.Attempts));
        Assert.Equal(3, noted.Count);
        var delays = destination.AskedAt.Zip(destination.AskedAt.Skip(1), (before, after) => (after - before).TotalSeconds).ToList();
        Assert.InRange(delays[0], 0.5, 1);
        Assert.InRange(delays[1], 1, 2);
        Assert.InRange(delays[2], 2, 4);
    }

    [Fact]
    public async Task ASuccessEndsTheRound()
    {
        var result = await RunAsync(new ScriptedDestination(time, () => Failed, () => Taken));

        Assert.Equal((Taken, 2), (result.Outcome, result.Attempts));
    }

    [Fact]
    public async Task WhatTheDestinationAsksForIsWaitedWhereLonger()
    {
        var busy = new DeliveryOutcome.Transient(ErrorCategory.RateLimited, "HTTP 429", TimeSpan.FromSeconds(77));
        var destination = new ScriptedDestination(time, () => busy, () => Taken);

        await RunAsync(destination);

        Assert.Equal(77, (destination.AskedAt[1] - destination.AskedAt[0]).TotalSeconds);
    }

    [Fact]
    public async Task OnlyWhatMayWorkWithTheSameBytesIsTriedAgain()
    {
        DeliveryOutcome[] final =
        [
            new DeliveryOutcome.Misconfigured(ErrorCategory.Authentication, "HTTP 401"), new DeliveryOutcome.Rejected("HTTP 400", "no"),
            new DeliveryOutcome.Partial([], [0], "HTTP 207"),
        ];
        foreach (var outcome in final)
        {
            var result = await RunAsync(new ScriptedDestination(time, () => outcome));

            Assert.Equal((outcome, 1), (result.Outcome, result.Attempts));
        }
    }

    [Fact]
    public async Task ABugOfADestinationIsAFailedAttempt()
    {
        var result = await RunAsync(new ScriptedDestination(time, () => throw new InvalidOperationException("oops"), () => Taken));

        Assert.Equal((Taken, 2), (result.Outcome, result.Attempts));
        Assert.Contains("oops", Assert.Single(noted), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CancellationEndsAWaitAndThrows()
    {
        using var stop = new CancellationTokenSource();
        var round = Round(new ScriptedDestination(time, () => Failed));
        var running = round.RunAsync(SomeBatch.Of("one"), stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task WhatIsOnItsWayWhenARoundIsStoppedComesToItsEnd()
    {
        using var stop = new CancellationTokenSource();
        var round = Round(new ScriptedDestination(time, () =>
        {
            stop.Cancel();
            return new DeliveryOutcome.Delivered("ok");
        }));

        var result = await round.RunAsync(SomeBatch.Of("one"), stop.Token);

        Assert.IsType<DeliveryOutcome.Delivered>(result.Outcome);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => round.RunAsync(SomeBatch.Of("two"), stop.Token));
    }

    [Fact]
    public async Task WithoutRetriesThereIsOneAttemptAndNoneOnceStopped()
    {
        var destination = new ScriptedDestination(time, () => new DeliveryOutcome.Transient(ErrorCategory.Connection, "refused"));
        var round = Round(destination, new DispatchOptions { Retries = 0 });

        var result = await round.RunAsync(SomeBatch.Of("one"), TestContext.Current.CancellationToken);

        Assert.Equal(1, result.Attempts);
        Assert.IsType<DeliveryOutcome.Transient>(result.Outcome);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => round.RunAsync(SomeBatch.Of("two"), new CancellationToken(canceled: true)));
        Assert.Single(destination.AskedAt);
    }

    [Fact]
    public async Task EveryAttemptAsksFirstWhetherItMaySend()
    {
        var attempts = new List<string>();
        var destination = new ScriptedDestination(
            time,
            () =>
            {
                attempts.Add("sent");
                return attempts.Count < 4 ? new DeliveryOutcome.Transient(ErrorCategory.Connection, "refused") : new DeliveryOutcome.Delivered("ok");
            });
        var round = Round(destination, maySend: () => attempts.Add("asked"));

        await FinishAsync(round.RunAsync(SomeBatch.Of("one"), TestContext.Current.CancellationToken));

        Assert.Equal(["asked", "sent", "asked", "sent"], attempts);
    }

    [Fact]
    public async Task ASendThatIsCutOffIsNoFailedAttempt()
    {
        using var cut = new CancellationTokenSource();
        var destination = new ScriptedDestination(
            time,
            () =>
            {
                cut.Cancel();
                throw new OperationCanceledException(cut.Token);
            });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Round(destination, sending: cut.Token).RunAsync(SomeBatch.Of("one"), TestContext.Current.CancellationToken));
        Assert.Empty(noted);
    }

    private DeliveryRound Round(IDestination destination, DispatchOptions? options = null, Action? maySend = null, CancellationToken? sending = null) => new(
        destination,
        options ?? new DispatchOptions(),
        time,
        (outcome, _) =>
        {
            noted.Add(outcome.Reason);
            return Task.CompletedTask;
        },
        _ =>
        {
            maySend?.Invoke();
            return Task.CompletedTask;
        },
        null,
        sending ?? TestContext.Current.CancellationToken);

    private Task<RoundResult> RunAsync(IDestination destination) =>
        FinishAsync(Round(destination).RunAsync(SomeBatch.Of("one"), TestContext.Current.CancellationToken));

    private async Task<RoundResult> FinishAsync(Task<RoundResult> running)
    {
        while (!running.IsCompleted)
        {
            Assert.True(SpinWait.SpinUntil(() => running.IsCompleted || time.WaitingTimers > 0, TimeSpan.FromSeconds(30)), "The round neither waits nor ends.");
            time.Advance(TimeSpan.FromMilliseconds(1));
        }

        return await running;
    }
}
