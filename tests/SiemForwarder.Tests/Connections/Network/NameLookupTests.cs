using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using SiemForwarder.Connections.Network;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Connections.Network;

public sealed class NameLookupTests : IDisposable
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);
    private static readonly IPAddress Address = IPAddress.Parse("192.0.2.7");

    private readonly TestClock clock = new();
    private readonly ManualResetEventSlim answers = new(initialState: true);
    private readonly ConcurrentQueue<string> asked = new();
    private readonly SemaphoreSlim began = new(0);
    private readonly NameLookup lookup;
    private Func<string, IPAddress[]> answer = _ => [Address];
    private int busy;
    private int mostBusy;

    public NameLookupTests() => lookup = new NameLookup(Ask, clock, threads: 2);

    public void Dispose()
    {
        answers.Set();
        began.Dispose();
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::1", "::1")]
    [InlineData("[2001:db8::1]", "2001:db8::1")]
    [InlineData("0x7f.1", "127.0.0.1")]
    [InlineData("2130706433", "127.0.0.1")]
    public async Task AnAddressInWritingIsNeverAskedFor(string host, string address)
    {
        answers.Reset();

        var found = await FindAsync(host, Long);

        Assert.Equal([IPAddress.Parse(address)], found.Addresses);
        Assert.Empty(asked);
    }

    [Fact]
    public async Task ALookUpThatIsLateIsAnsweredAsSuchAndServesTheNextWhoAsks()
    {
        answers.Reset();

        var late = await FindAsync("siem.test", Short);
        answers.Set();
        var found = await FindAsync("siem.test", Long);

        Assert.Equal((0, SocketError.TimedOut), (late.Addresses.Length, late.Error));
        Assert.Equal([Address], found.Addresses);
        Assert.Single(asked);
    }

    [Fact]
    public async Task ThoseWhoAskForOneNameShareOneLookUp()
    {
        answers.Reset();
        var finding = Enumerable.Range(0, 50).Select(number => FindAsync(number % 2 == 0 ? "siem.test" : "SIEM.TEST", Long)).ToList();
        await began.WaitAsync(Stop);
        answers.Set();

        Assert.All(await Task.WhenAll(finding), found => Assert.Equal([Address], found.Addresses));
        Assert.Single(asked);
    }

    [Fact]
    public async Task WhoGivesUpDoesNotEndTheLookUpOfTheOthers()
    {
        answers.Reset();
        using var cancel = new CancellationTokenSource();
        var leaving = lookup.FindAsync("siem.test", Long, TimeProvider.System, cancel.Token);
        var staying = FindAsync("siem.test", Long);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        answers.Set();

        Assert.Equal([Address], (await staying).Addresses);
    }

    [Fact]
    public async Task NamesThatWereNotAnsweredSoonDelayNoOthersAndTheirThreadsAreBounded()
    {
        answer = name => name.StartsWith("dead", StringComparison.Ordinal) ? throw new SocketException((int)SocketError.TryAgain) : [Address];
        answers.Reset();
        var dead = new[] { "dead1.test", "dead2.test" };
        var first = dead.Select(name => FindAsync(name, Long)).ToList();
        await began.WaitAsync(Stop);
        await began.WaitAsync(Stop);
        clock.Advance(NameLookup.Patience * 2);
        answers.Set();
        Assert.All(await Task.WhenAll(first), found => Assert.Equal(SocketError.TryAgain, found.Error));

        answers.Reset();
        var again = dead.Select(name => FindAsync(name, Long)).ToList();
        await began.WaitAsync(Stop);
        await began.WaitAsync(Stop);
        var alive = FindAsync("alive.test", Long);
        await began.WaitAsync(Stop);
        answers.Set();

        Assert.Equal([Address], (await alive).Addresses);
        await Task.WhenAll(again);
        Assert.InRange(mostBusy, 3, 4);
    }

    [Fact]
    public async Task MoreNamesThanThreadsAreAskedForOneAfterTheOther()
    {
        answers.Reset();
        var finding = Enumerable.Range(0, 20).Select(number => FindAsync($"siem{number}.test", Long)).ToList();
        await began.WaitAsync(Stop);
        await began.WaitAsync(Stop);
        answers.Set();

        Assert.All(await Task.WhenAll(finding), found => Assert.Equal([Address], found.Addresses));
        Assert.Equal(20, asked.Count);
        Assert.Equal(2, mostBusy);
    }

    [Fact]
    public async Task AGoodAnswerIsUsedWithoutAskingWhileItIsFreshAndKeptWhereThereIsNoNewerOne()
    {
        await FindAsync("siem.test", Long);
        clock.Advance(NameLookup.Fresh);
        await FindAsync("siem.test", Long);
        Assert.Single(asked);

        clock.Advance(NameLookup.Fresh);
        answer = _ => throw new SocketException((int)SocketError.TryAgain);
        var kept = await FindAsync("siem.test", Long);
        Assert.Equal([Address], kept.Addresses);
        Assert.Equal(NameLookup.Fresh * 2, kept.Age);
        Assert.Equal(2, asked.Count);

        clock.Advance(NameLookup.Kept);
        var gone = await FindAsync("siem.test", Long);
        Assert.Equal((0, SocketError.TryAgain), (gone.Addresses.Length, gone.Error));
    }

    [Fact]
    public async Task AnOlderAnswerIsUsedWhereTheNewerOneIsLate()
    {
        await FindAsync("siem.test", Long);
        clock.Advance(NameLookup.Fresh * 2);
        answers.Reset();

        Assert.Equal([Address], (await FindAsync("siem.test", Long)).Addresses);
    }

    [Fact]
    public async Task WhatIsNoNameIsSaid()
    {
        answer = name => throw new ArgumentOutOfRangeException(nameof(name));

        Assert.Equal(SocketError.InvalidArgument, (await FindAsync("no name", Long)).Error);
    }

    private static CancellationToken Stop => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    private Task<NameAnswer> FindAsync(string host, TimeSpan limit) => lookup.FindAsync(host, limit, TimeProvider.System, Stop);

    private IPAddress[] Ask(string name)
    {
        asked.Enqueue(name);
        var now = Interlocked.Increment(ref busy);
        lock (asked)
        {
            mostBusy = Math.Max(mostBusy, now);
        }

        began.Release();
        answers.Wait(Stop);
        Interlocked.Decrement(ref busy);
        return answer(name);
    }
}
