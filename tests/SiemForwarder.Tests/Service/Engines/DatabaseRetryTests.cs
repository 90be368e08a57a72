using Microsoft.Extensions.Logging.Abstractions;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Engines;

/// <summary>How long, and how often, an operation of the database is repeated.</summary>
public sealed class DatabaseRetryTests
{
    private readonly TestClock clock = new();
    private readonly List<TimeSpan> asked = [];
    private readonly DatabaseRetry retry;

    public DatabaseRetryTests() => retry = new DatabaseRetry(clock, new ForwarderTelemetry(NullLogger<ForwarderTelemetry>.Instance));

    [Fact]
    public async Task ItIsRepeatedUntilTheDatabaseIsBackWithDelaysThatGrowToFiveSeconds()
    {
        var started = clock.GetUtcNow();
        var running = retry.TryUntilDoneAsync(
            _ =>
            {
                asked.Add(clock.GetUtcNow() - started);
                return asked.Count < 9 ? Task.FromException<int>(new TimeoutException("away")) : Task.FromResult(42);
            },
            TestContext.Current.CancellationToken);
        while (!running.IsCompleted)
        {
            Assert.True(SpinWait.SpinUntil(() => running.IsCompleted || clock.WaitingTimers > 0, TimeSpan.FromSeconds(30)), "It neither waits nor ends.");
            clock.Advance(TimeSpan.FromMilliseconds(250));
        }

        Assert.Equal(42, await running);
        Assert.Equal([0.25, 0.5, 1, 2, 4, 5, 5, 5], asked.Zip(asked.Skip(1), (before, after) => (after - before).TotalSeconds));
    }

    [Fact]
    public async Task WhatIsNoFaultOfTheDatabaseIsNotRepeated()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => retry.TryUntilDoneAsync(
            _ =>
            {
                asked.Add(TimeSpan.Zero);
                return Task.FromException<int>(new InvalidOperationException("bug"));
            },
            TestContext.Current.CancellationToken));
        Assert.Single(asked);
    }

    [Fact]
    public async Task AStopEndsTheWait()
    {
        using var stop = new CancellationTokenSource();
        var running = retry.TryUntilDoneAsync(_ => Task.FromException(new IOException("away")), stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task AFaultThatComesWithTheStopIsToldAsTheStop()
    {
        using var stop = new CancellationTokenSource();

        var fault = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => retry.TryUntilDoneAsync(
            _ =>
            {
                stop.Cancel();
                return Task.FromException<int>(new IOException("closed"));
            },
            stop.Token));

        Assert.Equal(stop.Token, fault.CancellationToken);
    }
}
