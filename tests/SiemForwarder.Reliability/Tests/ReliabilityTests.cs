using SiemForwarder.Reliability.Bench;
using SiemForwarder.Reliability.Judging;
using SiemForwarder.Reliability.Scenarios;
using Xunit;

[assembly: Xunit.v3.Parallelization(MaxThreads = 2)]

namespace SiemForwarder.Reliability.Tests;

/// <summary>A scenario of the short selection; each class is one, so that two run at a time.</summary>
public abstract class ReliabilityTest
{
    private const int Seed = 1;

    private protected static async Task HoldsAsync(string name)
    {
        Assert.SkipUnless(PostgresServer.IsAvailable, "no PostgreSQL programs on this machine");
        var scenario = Catalogue.All.Single(one => one.Name == name);
        Assert.SkipWhen(scenario.Obstacle() is not null, scenario.Obstacle() ?? "");

        var rows = await ScenarioRunner.RunAsync(scenario, Seed, TestContext.Current.CancellationToken);

        var violations = rows.SelectMany(row => row.Violations.Select(one => $"{row.Scenario}: {one}")).ToList();
        Assert.True(violations.Count == 0, string.Join('\n', violations));
        Assert.All(rows, row => Assert.True(row is { Lost: 0, Issued: > 0 }, ResultTable.Line(row)));
    }
}

/// <summary>The process ends between acceptance and checkpoint.</summary>
public sealed class CrashReliabilityTests : ReliabilityTest
{
    [Fact]
    public Task NothingIsLostWhereTheProcessEndsAfterASendAndBeforeItsCheckpoint() => HoldsAsync("crash after-send");

    [Fact]
    public Task NothingIsLostWhereOneOfTwoEnginesIsKilled() => HoldsAsync("two engines, two kills");
}

/// <summary>The database dies.</summary>
public sealed class DatabaseReliabilityTests : ReliabilityTest
{
    [Fact]
    public Task NothingIsLostWherePostgresIsKilled() => HoldsAsync("PostgreSQL killed");
}

/// <summary>Receivers and sources.</summary>
public sealed class PeerReliabilityTests : ReliabilityTest
{
    [Fact]
    public Task TheOldestEventArrivesAfterThreeDaysAndARestart() => HoldsAsync("72-hour outage, restart in the middle");

    [Fact]
    public Task NobodyElseWaitsForASilentDnsServer() => HoldsAsync("silent DNS server");

    [Fact]
    public Task NothingIsLostAtAReceiverThatFlaps() => HoldsAsync("HTTP flapping 503");

    [Fact]
    public Task NothingIsLostWhereOneMillisecondHoldsMoreThanAPage() => HoldsAsync("ties larger than a page");
}
