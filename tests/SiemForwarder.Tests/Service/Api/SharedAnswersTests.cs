using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Api;

/// <summary>One answer for many who ask at the same time.</summary>
public sealed class SharedAnswersTests
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(3);

    private readonly TestClock clock = new();
    private readonly ConfigurationSignal configuration = new();
    private int readings;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FiftyWhoAskAtOnceCostOneReading()
    {
        var answers = new SharedAnswers<string, int>(Lifetime, configuration, clock);
        var open = new TaskCompletionSource();

        var asked = Enumerable.Range(0, 50).Select(_ => answers.GetAsync("flow", async token =>
        {
            await open.Task.WaitAsync(token);
            return Interlocked.Increment(ref readings);
        }, Token)).ToList();
        open.SetResult();

        Assert.All(await Task.WhenAll(asked), answer => Assert.Equal(1, answer));
        Assert.Equal(1, await answers.GetAsync("flow", NextAsync, Token));
        Assert.Equal(2, await answers.GetAsync("another", NextAsync, Token));
    }

    [Fact]
    public async Task AnAnswerIsReadAnewWhenItIsOldOrTheConfigurationHasChanged()
    {
        var answers = new SharedAnswers<string, int>(Lifetime, configuration, clock);

        var first = await answers.GetAsync("flow", NextAsync, Token);
        clock.Advance(Lifetime - TimeSpan.FromMilliseconds(1));
        var stillFirst = await answers.GetAsync("flow", NextAsync, Token);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        var second = await answers.GetAsync("flow", NextAsync, Token);
        configuration.Raise();
        var third = await answers.GetAsync("flow", NextAsync, Token);

        Assert.Equal((1, 1, 2, 3), (first, stillFirst, second, third));
    }

    [Fact]
    public async Task WhatFailsIsToldAndNotKept()
    {
        var answers = new SharedAnswers<string, int>(Lifetime, null, clock);

        await Assert.ThrowsAsync<TimeoutException>(() => answers.GetAsync("flow", _ => throw new TimeoutException(), Token));

        Assert.Equal(1, await answers.GetAsync("flow", NextAsync, Token));
    }

    [Fact]
    public async Task WhoStopsWaitingDoesNotStopTheOthers()
    {
        var answers = new SharedAnswers<string, int>(Lifetime, null, clock);
        var open = new TaskCompletionSource();
        using var impatient = new CancellationTokenSource();

        var gone = answers.GetAsync("flow", async token =>
        {
            await open.Task.WaitAsync(token);
            return Interlocked.Increment(ref readings);
        }, impatient.Token);
        var waiting = answers.GetAsync("flow", NextAsync, Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        open.SetResult();

        Assert.Equal(1, await waiting);
    }

    private Task<int> NextAsync(CancellationToken cancellationToken) => Task.FromResult(Interlocked.Increment(ref readings));
}
