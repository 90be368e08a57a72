using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Telemetry;

/// <summary>No pass of a background loop ends the loop, whatever it throws.</summary>
public sealed class LoopGuardTests
{
    [Fact]
    public void EveryBackgroundLoopIsRunByTheGuard() => Assert.All(
        typeof(LoopGuard).Assembly.GetTypes().Where(type => type.IsAssignableTo(typeof(BackgroundService)) && !type.IsAbstract),
        type => Assert.Contains(type.GetConstructors().Single().GetParameters(), parameter => parameter.ParameterType == typeof(LoopGuard)));

    [Fact]
    public async Task WhateverAPassThrowsIsShownAndTheNextPassComes()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var clock = new TestClock();
        await using var connections = new DatabaseConnections("Host=127.0.0.1;Port=1;Username=nobody", new DatabaseOptions(), clock);
        var guard = new LoopGuard(connections, clock, NullLogger<LoopGuard>.Instance);
        var faults = new Queue<Exception>(
        [
            new PostgresException("no such source", "ERROR", "ERROR", "23503"), new PostgresException("read-only", "ERROR", "ERROR", "25006"),
            new KeyNotFoundException("nobody foresaw"), new OperationCanceledException("a time-out of its own"), new AggregateException("several"),
        ]);
        var shown = new List<string>();
        var passed = new TaskCompletionSource();

        var running = guard.RunAsync(
            "does something",
            _ =>
            {
                shown.AddRange(guard.Faults.Select(fault => $"{fault.Loop}: {fault.Reason}"));
                return faults.TryDequeue(out var fault) ? Task.FromException(fault) : Task.CompletedTask;
            },
            token =>
            {
                passed.TrySetResult();
                return Task.Delay(Timeout.InfiniteTimeSpan, token);
            },
            stop.Token);
        while (!passed.Task.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
            stop.Token.ThrowIfCancellationRequested();
        }

        Assert.Equal(5, shown.Count);
        Assert.Equal("does something: nobody foresaw", shown[2]);
        Assert.Empty(guard.Faults);
        await stop.CancelAsync();
        await running;
        Assert.True(running.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task APassThatDoesNotEndIsStalledUntilItGetsOn()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var clock = new TestClock();
        await using var connections = new DatabaseConnections("Host=127.0.0.1;Port=1;Username=nobody", new DatabaseOptions(), clock);
        var guard = new LoopGuard(connections, clock, NullLogger<LoopGuard>.Instance);
        var begun = new TaskCompletionSource();
        var running = guard.RunAsync(
            "hangs",
            TimeSpan.FromMinutes(1),
            token =>
            {
                begun.SetResult();
                return Task.Delay(Timeout.InfiniteTimeSpan, token);
            },
            _ => Task.CompletedTask,
            stop.Token);
        await begun.Task.WaitAsync(stop.Token);
        clock.Advance(TimeSpan.FromSeconds(60));
        var within = guard.Stalled;
        clock.Advance(TimeSpan.FromSeconds(5));
        var beyond = guard.Stalled;
        guard.Progressed("hangs");
        var again = guard.Stalled;
        clock.Advance(TimeSpan.FromSeconds(61));
        var stopped = guard.Stalled.Count;
        await stop.CancelAsync();
        await running;

        Assert.Empty(within);
        var one = Assert.Single(beyond);
        Assert.Equal(("hangs", "Its pass has lasted 00:01:05, longer than 00:01:00. Restart the service."), (one.Loop, one.Reason));
        Assert.Equal(clock.GetUtcNow() - TimeSpan.FromSeconds(126), one.Since);
        Assert.Empty(again);
        Assert.Equal((1, 0), (stopped, guard.Stalled.Count));
    }
}
