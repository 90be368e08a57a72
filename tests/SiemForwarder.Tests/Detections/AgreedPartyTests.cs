using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Events;
using SiemForwarder.Service.Detections;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>Whom an alert names: the user, client, session and address on which all its events agree, and nobody else.</summary>
public sealed class AgreedPartyTests
{
    private static readonly string Three = EngineRun.Rules(
        EngineRun.Failed, EngineRun.Correlation("type: event_count, rules: [failed], group-by: [ip], timespan: 1m, condition: {gte: 3}", "Three", "forwarder: {suppress: 0}"));

    [Fact]
    public void AnAlertOfSeveralEventsNamesTheUserAndTheClientOfAllOfThem()
    {
        var run = new EngineRun(Three);
        run.At(0, "LOGIN_ERROR", "alice");
        run.At(1, "LOGIN_ERROR", "alice");
        run.At(2, "LOGIN_ERROR", "alice");

        Assert.Equal(("alice", "web-app", "192.0.2.10"), Who(Assert.Single(run.Alerts)));
        var body = Body(run.Alerts[0]);
        Assert.Equal(("alice", "web-app", "192.0.2.10"), (body["subject"]!.ToString(), body["client_id"]!.ToString(), body["ip_address"]!.ToString()));
    }

    [Fact]
    public void WhereOneOfTheEventsDiffersOrNamesNobodyNeitherDoesTheAlert()
    {
        var run = new EngineRun(Three);
        run.At(0, "LOGIN_ERROR", "alice");
        run.At(1, "LOGIN_ERROR", "bob");
        run.At(2, "LOGIN_ERROR", "alice");
        run.At(3, "LOGIN_ERROR", "alice", client: null);
        Assert.Equal([(null, "web-app", "192.0.2.10"), (null, null, "192.0.2.10")], run.Alerts.Select(Who));
        Assert.Null(Body(run.Alerts[0])["subject"]);

        // The event that differed leaves the window.
        run.At(62, "LOGIN_ERROR", "alice");
        Assert.Equal(("alice", null, "192.0.2.10"), Who(run.Alerts[^1]));
        run.At(120, "LOGIN_ERROR", "alice");
        run.At(121, "LOGIN_ERROR", "alice");
        Assert.Equal(("alice", "web-app", "192.0.2.10"), Who(run.Alerts[^1]));
    }

    [Theory]
    [InlineData("alice", "alice")]
    [InlineData("bob", null)]
    public void AnEventThatComesLateIsAskedToo(string late, string? named)
    {
        var run = new EngineRun(Three);
        run.At(0, "LOGIN_ERROR", "alice");
        run.At(10, "LOGIN_ERROR", "alice");
        run.At(5, "LOGIN_ERROR", late);
        Assert.Equal(named, Who(Assert.Single(run.Alerts)).User);

        run.At(11, "LOGIN_ERROR", "alice");
        Assert.Equal(named, Who(run.Alerts[^1]).User);
    }

    [Fact]
    public void ACorrelationOfCorrelationsNamesWhomAllTheirEventsName()
    {
        var rules = EngineRun.Rules(Three, EngineRun.Login, EngineRun.Correlation("type: temporal_ordered, rules: [c_Three, login], group-by: [ip], timespan: 5m", "Then"));
        var (one, several) = (new EngineRun(rules), new EngineRun(rules));
        foreach (var (run, second) in new[] { (one, "alice"), (several, "bob") })
        {
            run.At(0, "LOGIN_ERROR", "alice");
            run.At(1, "LOGIN_ERROR", second);
            run.At(2, "LOGIN_ERROR", "alice");
            run.At(3, "LOGIN", "alice");
        }

        Assert.Equal("alice", Who(Assert.Single(one.Alerts)).User);
        Assert.Null(Who(Assert.Single(several.Alerts)).User);
    }

    [Fact]
    public void WhatDidNotFollowIsToldWithTheUserOfTheEventBefore()
    {
        var run = new EngineRun(EngineRun.Rules(EngineRun.Failed, EngineRun.OfLogins("missing: {rule: failed, within: 1m, same: [ip]}")));
        run.At(0, "LOGIN", "alice");
        var again = new EngineRun(EngineRun.Rules(EngineRun.Failed, EngineRun.OfLogins("missing: {rule: failed, within: 1m, same: [ip]}")));
        Assert.Null(again.Engine.ReadSnapshot(run.Engine.WriteSnapshot()));

        Assert.True(again.Sweep(3600));
        Assert.Equal(("alice", "web-app", "192.0.2.10"), Who(Assert.Single(again.Alerts)));
    }

    [Fact]
    public void ATripIsOfOneUserFromTwoAddresses()
    {
        var run = new EngineRun(EngineRun.OfLogins("travel: {per: [userId], minimum: 100}"));
        run.At(0, "LOGIN", location: EventLocation.Nowhere with { Latitude = 0, Longitude = 0 });
        run.At(60, "LOGIN", ip: "192.0.2.99", location: EventLocation.Nowhere with { Latitude = 0, Longitude = 90 });

        Assert.Equal(("alice", "web-app", null), Who(Assert.Single(run.Alerts)));
    }

    [Fact]
    public void ABaselineAndASilenceNameNobodyButTheirGroup()
    {
        var run = new EngineRun(EngineRun.Rules(
            EngineRun.OfLogins("silence: {for: 30m, per: [clientId]}", title: "S"), EngineRun.OfLogins("baseline: {bucket: 1m, history: 4m, factor: 2, minimum: 3, per: [clientId]}", title: "B")));
        foreach (var second in (int[])[0, 60, 120, 180, 240, 241, 242, 243])
        {
            run.At(second, "LOGIN");
        }

        run.Sweep(7200);
        Assert.Equal(["B", "S"], run.Alerts.Select(alert => alert.Rule.Title).Order(StringComparer.Ordinal));
        Assert.All(run.Alerts, alert => Assert.Empty(alert.Agreed));
        Assert.All(run.Alerts, alert => Assert.Equal("web-app", Body(alert)["client_id"]!.ToString()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void WindowsAgreeExactlyWhereTheirEventsDoAlsoBehindASnapshot(int seed)
    {
        var random = new Random(seed);
        var (run, restored) = (new EngineRun(Three), new EngineRun(Three));
        var told = new Dictionary<string, (string User, string? Client)>(StringComparer.Ordinal);
        for (var index = 0; index < 600; index++)
        {
            var user = random.Next(12) == 0 ? "bob" : "alice";
            var client = random.Next(9) switch { 0 => null, 1 => "other", _ => "web-app" };
            told[$"1-{index + 1}"] = (user, client);
            // In order, so that no window is unsure.
            run.At(index * 10, "LOGIN_ERROR", user, client: client);
            restored.At(index * 10, "LOGIN_ERROR", user, client: client);
            if (random.Next(20) == 0)
            {
                var next = new EngineRun(Three);
                Assert.Null(next.Engine.ReadSnapshot(restored.Engine.WriteSnapshot()));
                next.TakeOver(restored);
                restored = next;
            }
        }

        Assert.Equal(598, run.Alerts.Count);
        Assert.Equal(run.Alerts.Select(Who), restored.Alerts.Select(Who));
        Assert.All(run.Alerts, alert =>
        {
            var of = alert.Events.Select(one => told[one.Id]).ToList();
            Assert.Equal(of.TrueForAll(one => one.User == of[0].User) ? of[0].User : null, Who(alert).User);
            Assert.Equal(of.TrueForAll(one => one.Client == of[0].Client) ? of[0].Client : null, Who(alert).Client);
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void NoEventThatComesLateMakesAnAlertNameWhomAnotherEventDoesNot(int seed)
    {
        var random = new Random(seed);
        var run = new EngineRun(Three);
        var users = new List<string>();
        for (var index = 0; index < 600; index++)
        {
            users.Add(random.Next(12) == 0 ? "bob" : "alice");
            run.At((index * 10) - (random.Next(4) == 0 ? random.Next(120) : 0), "LOGIN_ERROR", users[^1]);
        }

        Assert.Contains(run.Alerts, alert => Who(alert).User is not null);
        Assert.All(run.Alerts.Where(alert => Who(alert).User is not null), alert => Assert.All(alert.Events, one => Assert.Equal(Who(alert).User, users[(int)one.Position - 1])));
    }

    private static (string? User, string? Client, string? Ip) Who(Alert alert)
    {
        return (Find("username"), Find("clientId"), Find("ip"));

        string? Find(string name) => alert.Agreed.FirstOrDefault(one => one.Name == name).Value;
    }

    private static JsonNode Body(Alert alert) =>
        JsonNode.Parse(Encoding.UTF8.GetString(AlertBody.ToIncoming(alert, Some.Source, new Dictionary<int, string>()).Body.Span))!;
}
