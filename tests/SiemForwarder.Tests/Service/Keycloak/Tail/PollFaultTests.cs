using SiemForwarder.Connections;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Service.Keycloak.Tail;
using SiemForwarder.Simulator;

namespace SiemForwarder.Tests.Service.Keycloak.Tail;

/// <summary>What goes wrong between the poller, the server and the log: named, and nothing is lost over it.</summary>
public sealed class PollFaultTests
{
    public static TheoryData<string, ErrorCategory, string> Faults() => new()
    {
        { "booting", ErrorCategory.ServerError, "not ready (503)" },
        { "error", ErrorCategory.ServerError, "answered 500" },
        { "too many", ErrorCategory.RateLimited, "slow down" },
        { "proxy", ErrorCategory.ServerError, "cannot reach it (502)" },
        { "login page", ErrorCategory.Configuration, "text/html instead of JSON" },
        { "redirect", ErrorCategory.Configuration, "https://login.example.com/" },
        { "truncated", ErrorCategory.Connection, "broke before the response was complete" },
        { "role", ErrorCategory.Authorization, "view-events" },
        { "secret", ErrorCategory.Authentication, "wrong or missing client secret" },
        { "stopped", ErrorCategory.Connection, "Check that the server is running" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task AFaultIsNamedAndNothingIsLostOverIt(string fault, ErrorCategory category, string words)
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        polled.Realm.AddLogin("alice");
        await polled.PollToEndAsync();
        var checkpoint = polled.Log.Checkpoints[EventStream.User];
        polled.Realm.AddLogin("bob");
        await MakeAsync(polled, fault, true);

        var failed = Assert.IsType<PollOutcome.Failed>(await polled.PollAsync());

        Assert.Equal(category, failed.Category);
        Assert.Contains(words, failed.Message, StringComparison.Ordinal);
        Assert.Contains("demo", failed.Message, StringComparison.Ordinal);
        Assert.Equal(checkpoint, polled.Log.Checkpoints[EventStream.User]);
        Assert.Equal(PollState.Failing, polled.Poller.Status.Streams[0].State);
        await MakeAsync(polled, fault, false);
        await polled.PollToEndAsync();
        polled.AssertComplete();
        Assert.Equal(failed.Message, polled.Poller.Status.Streams[0].LastError!.Message);
    }

    [Fact]
    public async Task TheServerMayAskForTimeAndGetsIt()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        await polled.PollToEndAsync();
        polled.Server.Faults.NextPages(SimulatedFault.TooManyRequests);

        var failed = Assert.IsType<PollOutcome.Failed>(await polled.PollAsync());

        Assert.Equal(TimeSpan.FromSeconds(7), failed.RetryAfter);
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task ATokenThatEndsInTheMiddleOfAPassIsReplaced(SimulatedTier tier)
    {
        await using var polled = await PolledRealm.StartAsync(tier, pageRows: 20);
        for (var i = 0; i < 100; i++)
        {
            polled.Realm.AddLogin($"user{i}", polled.Server.NowMs() - (i * 1000));
        }

        polled.Log.Committed = () => polled.Server.Faults.NextPages(new SimulatedFault.ExpireTokens());
        Assert.IsType<PollOutcome.Polled>(await polled.PollToEndAsync());

        polled.AssertComplete();
    }

    [Fact]
    public async Task AChangedSecretShowsAtTheNextTokenAndARoleGivenLaterIsSeen()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        polled.Realm.Client.Roles = ["query-realms"];
        Assert.IsType<PollOutcome.Failed>(await polled.PollAsync());

        polled.Realm.Client.Roles = ["view-events"];
        Assert.IsType<PollOutcome.Polled>(await polled.PollAsync());
        polled.Realm.Client.Secret = "rotated";
        Assert.IsType<PollOutcome.Polled>(await polled.PollAsync());
        polled.Clock.Advance(TimeSpan.FromSeconds(241));

        Assert.Equal(ErrorCategory.Authentication, Assert.IsType<PollOutcome.Failed>(await polled.PollAsync()).Category);
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task ARowWithHalfASurrogatePairIsStoredLikeAnyOther(SimulatedTier tier)
    {
        await using var polled = await PolledRealm.StartAsync(tier);
        var now = polled.Server.NowMs();
        var id = tier == SimulatedTier.WithIds ? "\"id\":\"x\\ud800\"," : "";
        string[] rows =
        [
            $$$"""{{{{id}}}"time":{{{now}}},"type":"LOGIN_ERROR","\udc00":"\ud800","details":{"username":"a\ud800b","\ud83d":[{"c":"\udfff"}]}}""",
            $$$"""{"time":{{{now - 1}}},"type":"LOGIN"}""",
        ];
        polled.Realm.UserEvents.Add(now, System.Text.Encoding.UTF8.GetBytes(rows[0]));
        polled.Realm.UserEvents.Add(now - 1, System.Text.Encoding.UTF8.GetBytes(rows[1]));

        Assert.IsType<PollOutcome.Polled>(await polled.PollToEndAsync());
        polled.Restart();
        Assert.IsType<PollOutcome.Polled>(await polled.PollToEndAsync());

        Assert.Equal(rows.Order(), polled.Log.Bodies(EventStream.User).Order());
    }

    [Fact]
    public async Task AnAnswerThatNeverComesEndsAfterAMinute()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        polled.Realm.AddLogin("alice");
        await polled.PollToEndAsync();
        var asked = new TaskCompletionSource();
        polled.Server.Faults.Always = path =>
        {
            asked.TrySetResult();
            return new SimulatedFault.Hang();
        };

        var poll = polled.PollAsync();
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(10), PolledRealm.Token);
        Assert.False(poll.IsCompleted);
        polled.Clock.Advance(TimeSpan.FromSeconds(61));
        var failed = Assert.IsType<PollOutcome.Failed>(await poll.WaitAsync(TimeSpan.FromSeconds(10), PolledRealm.Token));

        Assert.Equal(ErrorCategory.Timeout, failed.Category);
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task WhileTheDatabaseIsAwayNothingMoves(SimulatedTier tier)
    {
        await using var polled = await PolledRealm.StartAsync(tier, pageRows: 20);
        for (var i = 0; i < 200; i++)
        {
            polled.Realm.AddLogin($"user{i}", polled.Server.NowMs() - (i * 1000));
        }

        var commits = 0;
        polled.Log.Committed = () => polled.Log.IsUnavailable = ++commits == 3;
        var outcome = await polled.PollToEndAsync();

        Assert.Equal(ErrorCategory.Database, Assert.IsType<PollOutcome.Failed>(outcome).Category);
        Assert.InRange(polled.Log.Bodies(EventStream.User).Count, 1, 199);
        polled.Log.IsUnavailable = false;
        Assert.IsType<PollOutcome.Polled>(await polled.PollToEndAsync());
        polled.AssertComplete();
    }

    [Theory]
    [InlineData(SimulatedTier.WithIds)]
    [InlineData(SimulatedTier.WithoutIds)]
    public async Task AProcessThatDiesInTheMiddleOfABacklogGoesOnWhereItWas(SimulatedTier tier)
    {
        await using var polled = await PolledRealm.StartAsync(tier, pageRows: 20);
        for (var i = 0; i < 1500; i++)
        {
            polled.Realm.AddLogin($"user{i}", polled.Server.NowMs() - (i * 200_000L));
        }

        for (var turn = 0; turn < 40; turn++)
        {
            await polled.PollAsync();
            polled.Restart();
        }

        await polled.PollToEndAsync();
        polled.AssertComplete();
        Assert.Equal(PollState.UpToDate, polled.Poller.Status.Streams[0].State);
    }

    [Fact]
    public async Task AnswersThatAreTooLargeAreAskedForInParts()
    {
        await using var polled = await PolledRealm.StartAsync(SimulatedTier.WithIds);
        var body = new string('x', 120_000);
        for (var i = 0; i < 300; i++)
        {
            polled.Realm.AddAdminEvent("UPDATE", "CLIENT", $"clients/{i}", body, polled.Server.NowMs() - (i * 1000));
        }

        var failures = 0;
        for (var turn = 0; turn < 10 && await polled.PollToEndAsync(EventStream.Admin) is PollOutcome.Failed; turn++)
        {
            failures++;
        }

        Assert.InRange(failures, 1, 3);
        polled.AssertComplete(EventStream.Admin);
    }

    private static async Task MakeAsync(PolledRealm polled, string fault, bool isOn)
    {
        var realm = polled.Realm;
        var answer = fault switch
        {
            "booting" => SimulatedFault.Booting,
            "error" => SimulatedFault.ServerError,
            "too many" => SimulatedFault.TooManyRequests,
            "proxy" => SimulatedFault.ProxyPage,
            "login page" => SimulatedFault.LoginPage,
            "redirect" => SimulatedFault.Redirect,
            "truncated" => new SimulatedFault.Truncate(50),
            _ => null,
        };
        polled.Server.Faults.Always = isOn && answer is not null ? _ => answer : null;
        switch (fault)
        {
            case "role":
                realm.Client.Roles = isOn ? [] : ["view-events"];
                break;
            case "secret":
                realm.Client.Secret = isOn ? "another" : "siem-forwarder-secret";
                polled.Server.ExpireTokens();
                break;
            case "stopped" when isOn:
                await polled.Server.StopAsync(PolledRealm.Token);
                break;
            case "stopped":
                await polled.Server.StartAgainAsync(PolledRealm.Token);
                break;
        }
    }
}
