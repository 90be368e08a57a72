using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events;

/// <summary>A filter lets through what an integration wants and says in words why it held something back.</summary>
public sealed class EventFilterTests
{
    private static readonly SecurityEvent FailedLogin = Some.LoginEvent();

    [Fact]
    public void WithoutRulesEverythingIsWanted()
    {
        Assert.Equal(FilterVerdict.Wanted, EventFilter.Everything.Evaluate(FailedLogin));
        Assert.True(new EventFilter(new EventMatch(), new EventMatch()).Evaluate(FailedLogin).IsWanted);
        Assert.Null(EventFilter.Everything.Evaluate(FailedLogin).Reason);
    }

    [Theory]
    [InlineData("LOGIN_ERROR", true)]
    [InlineData("login_error", true)]
    [InlineData("LOGIN*", true)]
    [InlineData("*", true)]
    [InlineData("LOGIN", false)]
    [InlineData("*_ERROR", false)]
    [InlineData("LOGIN_ERROR_*", false)]
    public void TypesMatchWholeOrByTheirBeginning(string type, bool isWanted) =>
        Assert.Equal(isWanted, Include(new EventMatch { Types = ["OTHER", type] }).IsWanted);

    [Fact]
    public void EveryListMustMatch()
    {
        var match = new EventMatch
        {
            Types = ["LOGIN*"], Categories = ["authentication"], Outcomes = ["failure"], MinimumSeverity = 4, Clients = ["web-app"], Users = ["ALICE"],
        };

        Assert.True(Include(match).IsWanted);
        Assert.Equal("type LOGIN_ERROR is not in include.types", Include(match with { Types = ["LOGOUT"] }).Reason);
        Assert.Equal("category authentication is not in include.categories", Include(match with { Categories = ["iam"] }).Reason);
        Assert.Equal("outcome failure is not in include.outcomes", Include(match with { Outcomes = ["success", "unknown"] }).Reason);
        Assert.Equal("severity 4 is below include.minimumSeverity", Include(match with { MinimumSeverity = 5 }).Reason);
        Assert.Equal("client web-app is not in include.clients", Include(match with { Clients = ["other"] }).Reason);
        Assert.Equal("user alice is not in include.users", Include(match with { Users = ["bob"] }).Reason);
    }

    [Fact]
    public void WhatMatchesEveryListOfExcludeIsHeldBack()
    {
        Assert.Equal("type LOGIN_ERROR is in exclude.types", Exclude(new EventMatch { Types = ["LOGIN_ERROR"], Users = ["alice"] }).Reason);
        Assert.Equal("severity 4 reaches exclude.minimumSeverity", Exclude(new EventMatch { MinimumSeverity = 2 }).Reason);
        Assert.True(Exclude(new EventMatch { Types = ["LOGIN_ERROR"], Users = ["bob"] }).IsWanted);
    }

    [Fact]
    public void UsersMatchByNameOrIdAsActorOrSubject()
    {
        var grant = Some.Normalized(
            EventStream.Admin,
            """{"authDetails":{"userId":"a1","clientId":"c0de"},"operationType":"CREATE","resourceType":"GROUP_MEMBERSHIP","resourcePath":"users/u1/groups/g1","details":{"username":"jdoe"}}""");

        Assert.All(["a1", "u1", "jdoe"], user => Assert.True(new EventFilter(new EventMatch { Users = [user] }, null).Evaluate(grant).IsWanted, user));
        Assert.True(new EventFilter(new EventMatch { Clients = ["c0de"] }, null).Evaluate(grant).IsWanted);
        Assert.Equal("user a1 is not in include.users", new EventFilter(new EventMatch { Users = ["g1"] }, null).Evaluate(grant).Reason);
    }

    [Fact]
    public void AnEventWithoutAUserMatchesNoUser()
    {
        var anonymous = Some.Normalized(EventStream.User, """{"type":"LOGIN_ERROR","error":"user_not_found"}""");

        Assert.Equal("user (none) is not in include.users", new EventFilter(new EventMatch { Users = ["alice"] }, null).Evaluate(anonymous).Reason);
        Assert.True(new EventFilter(null, new EventMatch { Users = ["alice"] }).Evaluate(anonymous).IsWanted);
    }

    [Fact]
    public void ASecondCategoryMatchesToo()
    {
        var impersonation = Some.Normalized(EventStream.User, """{"type":"IMPERSONATE","userId":"u1"}""");

        Assert.True(new EventFilter(new EventMatch { Categories = ["iam"] }, null).Evaluate(impersonation).IsWanted);
    }

    [Fact]
    public void EvaluatingAllocatesNothing()
    {
        var filter = new EventFilter(new EventMatch { Types = ["LOGIN*"], Users = ["alice"] }, new EventMatch { MinimumSeverity = 4 });
        filter.Evaluate(FailedLogin);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var verdict = filter.Evaluate(FailedLogin);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.False(verdict.IsWanted);
        Assert.Equal(0, allocated);
    }

    private static FilterVerdict Include(EventMatch match) => new EventFilter(match, null).Evaluate(FailedLogin);

    private static FilterVerdict Exclude(EventMatch match) => new EventFilter(null, match).Evaluate(FailedLogin);
}
