using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Tests.Service.EventLog;

/// <summary>Who is woken when a log grows.</summary>
public sealed class EventLogSignalTests
{
    private readonly EventLogSignal signal = new();

    [Fact]
    public void AReaderOfOneLogSleepsWhileAnotherGrows()
    {
        var (own, all) = (signal.GrownOf([7]), signal.GrownOf([]));

        signal.Advance(8, 2);
        Assert.Equal((false, true), (own.IsCompleted, all.IsCompleted));

        signal.Advance(7, 2);
        Assert.True(own.IsCompleted);
    }

    [Fact]
    public async Task AReaderOfSeveralLogsWakesForEachOfThem()
    {
        foreach (var grown in new[] { 7, 8, 9 })
        {
            var waiting = signal.GrownOf([7, 8, 9]);
            signal.Advance(10, signal.NextPosition(10) + 1);
            Assert.False(waiting.IsCompleted);

            signal.Advance(grown, 2);

            await waiting.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task AReaderOfManyLogsWakesForThemToo()
    {
        var waiting = signal.GrownOf([.. Enumerable.Range(1, 100)]);

        signal.Advance(100, 2);

        await waiting.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void WhatIsKnownAlreadyWakesNobody()
    {
        signal.Advance(7, 5);
        var waiting = signal.GrownOf([7]);

        signal.Advance(7, 5);
        signal.Advance(7, 4);

        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    public void AReplacedHistoryAndADeletedLogWakeTheirReaders()
    {
        var (first, second) = (signal.GrownOf([7]), signal.GrownOf([8]));
        signal.Replace([KeyValuePair.Create(7, new KnownHead(1, 2, null))]);
        Assert.True(first.IsCompleted && second.IsCompleted);

        var deleted = signal.GrownOf([7]);
        signal.Forget(7);
        Assert.True(deleted.IsCompleted);

        // And those who come later.
        var later = signal.GrownOf([7]);
        signal.Advance(7, 2);
        Assert.True(later.IsCompleted);
    }
}
