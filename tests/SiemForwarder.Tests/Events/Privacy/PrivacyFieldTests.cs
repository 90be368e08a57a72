using SiemForwarder.Events;
using SiemForwarder.Events.Privacy;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Privacy;

/// <summary>Which rules there can be, and that each of them reaches its field and leaves the others alone.</summary>
public sealed class PrivacyFieldTests
{
    [Theory]
    [InlineData("subject", true)]
    [InlineData("representation", true)]
    [InlineData("context.reason", true)]
    [InlineData("context.*", true)]
    [InlineData("context.", false)]
    [InlineData("Subject", false)]
    [InlineData("event_id", false)]
    [InlineData("a longer name than context", false)]
    public void OnlyFieldsOfTheSchemaAndDetailsCanBeNamed(string field, bool isKnown) => Assert.Equal(isKnown, PrivacyFields.IsKnown(field));

    [Theory]
    [InlineData("location", PrivacyAction.Drop, true)]
    [InlineData("location", PrivacyAction.Mask, false)]
    [InlineData("representation", PrivacyAction.Drop, true)]
    [InlineData("representation", PrivacyAction.Hash, false)]
    [InlineData("ip_address", PrivacyAction.TruncateIp, true)]
    [InlineData("ip_address", PrivacyAction.Hash, true)]
    [InlineData("context.node_ip", PrivacyAction.TruncateIp, true)]
    [InlineData("context.node_ip", PrivacyAction.Mask, true)]
    [InlineData("subject", PrivacyAction.TruncateIp, false)]
    [InlineData("subject", PrivacyAction.Mask, true)]
    public void AnActionMustMakeSenseForItsField(string field, PrivacyAction action, bool isTaken) => Assert.Equal(isTaken, PrivacyFields.Takes(field, action));

    [Fact]
    public void EveryFieldIsKnownOnceAndEachOfThemTakesDropping()
    {
        Assert.Equal(PrivacyFields.All.Count, PrivacyFields.All.Distinct().Count());
        Assert.All(PrivacyFields.All, field => Assert.True(PrivacyFields.IsKnown(field) && PrivacyFields.Takes(field, PrivacyAction.Drop)));
    }

    [Theory]
    [InlineData(PrivacyFields.Subject, "Subject.Name")]
    [InlineData(PrivacyFields.SubjectId, "Subject.Id")]
    [InlineData(PrivacyFields.Requestor, "Actor.Name")]
    [InlineData(PrivacyFields.RequestorId, "Actor.Id")]
    [InlineData(PrivacyFields.RequestorClientId, "Actor.ClientId")]
    [InlineData(PrivacyFields.Email, "Actor.Email Subject.Email")]
    [InlineData(PrivacyFields.IpAddress, "IpAddress")]
    [InlineData(PrivacyFields.SessionId, "SessionId")]
    [InlineData(PrivacyFields.ClientId, "ClientId")]
    [InlineData(PrivacyFields.TransactionId, "TransactionId")]
    [InlineData(PrivacyFields.Reason, "Reason")]
    [InlineData(PrivacyFields.ResourcePath, "Admin.ResourcePath")]
    [InlineData(PrivacyFields.ResourceId, "Admin.ResourceId")]
    [InlineData(PrivacyFields.ResourceName, "Admin.ResourceName")]
    [InlineData("context.note", "Details.note")]
    [InlineData(PrivacyFields.EveryDetail, "Details.note Details.other")]
    [InlineData(PrivacyFields.Location, "")]
    public void ARuleHidesItsFieldAndNoOther(string field, string expected)
    {
        var whole = OfDistinctValues();
        var hidden = new PrivacyPolicy([new PrivacyRule(field, PrivacyAction.Mask)], null).Apply(whole);

        var before = Texts(whole);
        Assert.Equal(expected, string.Join(' ', Texts(hidden).Where(pair => pair.Value != before[pair.Key]).Select(pair => pair.Key)));
        Assert.All(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), name => Assert.Equal("***", Texts(hidden)[name]));
        Assert.True(hidden.Raw.IsEmpty);
        Assert.Equal(field == PrivacyFields.Location, hidden.Location is null);
    }

    [Fact]
    public void AnErrorCodeOfKeycloakStaysWhereItHappensToBeTheNameAndAReasonOfAnApplicationDoesNot()
    {
        var policy = new PrivacyPolicy([new PrivacyRule(PrivacyFields.Subject, PrivacyAction.Mask)], null);
        var one = Some.LoginEvent(userName: "invalid_user", error: "invalid_user");

        Assert.Equal("invalid_user", policy.Apply(one).Reason);
        Assert.Equal("invalid_user", policy.Apply(one with { Kind = EventKind.Admin }).Reason);
        Assert.Equal("***", policy.Apply(one with { Kind = EventKind.Application }).Reason);
    }

    [Fact]
    public void AnEventWithNothingToHideStaysAsItIsButForTheBytesOfItsSource()
    {
        var bare = Some.LoginEvent() with { Actor = null, Subject = null, IpAddress = null, Details = [], Location = null, Admin = null };
        var policy = new PrivacyPolicy([.. PrivacyFields.All.Append(PrivacyFields.EveryDetail).Select(field => new PrivacyRule(field, PrivacyAction.Drop))], null);

        Assert.Equal(bare with { Raw = default, ClientId = null, Reason = null, SessionId = null, Details = [] }, policy.Apply(bare) with { Details = [] });
        Assert.Throws<ArgumentNullException>(() => policy.Apply(null!));
    }

    [Fact]
    public void TheFirstRuleThatNamesAValueDecidesAndTheLongestValueGoesFirst()
    {
        var one = OfDistinctValues() with
        {
            Subject = new EventParty("u-777", "anna", null, null, null), Actor = new EventParty("a-1", "anna.smith", null, null, null),
            Details = [new("note", "anna, anna.smith and u-777"), new("other", "joanna")],
        };
        var hidden = new PrivacyPolicy([new(PrivacyFields.Subject, PrivacyAction.Mask), new(PrivacyFields.Requestor, PrivacyAction.Hash), new(PrivacyFields.Subject, PrivacyAction.Drop)], Key).Apply(one);

        Assert.Equal($"***, {Key.Hash("anna.smith")} and u-777", hidden.Details[0].Value);
        Assert.Equal("jo***", hidden.Details[1].Value);
        Assert.Equal("***", hidden.Subject!.Name);
    }

    [Fact]
    public void AValueIsHiddenAsItStandsInPathsAndInsideOfJson()
    {
        var one = OfDistinctValues() with
        {
            Subject = new EventParty("u", "Zoë \"Z\"", null, null, null),
            Details = [new("path", "/users/Zo%C3%AB%20%22Z%22/x"), new("json", "{\"u\":\"Zoë \\\"Z\\\"\"}"), new("escaped", "{\"u\":\"Zo\\u00EB \\u0022Z\\u0022\"}")],
        };
        var hidden = new PrivacyPolicy([new(PrivacyFields.Subject, PrivacyAction.Mask)], null).Apply(one);

        Assert.Equal(["/users/***/x", "{\"u\":\"***\"}", "{\"u\":\"***\"}"], hidden.Details.Select(detail => detail.Value));
    }

    [Theory]
    [InlineData("anna", "joanna anna", "jo*** ***")]
    [InlineData("ann", "joann ann ann_ ann-1 (ann)", "joann *** ann_ ***-1 (***)")]
    [InlineData("10.0.0.1", "10.0.0.10 10.0.0.1 110.0.0.1", "10.0.0.10 *** 110.0.0.1")]
    [InlineData("2001:DB8:0:0::1", "2001:db8::1 2001:DB8:0:0::1", "*** ***")]
    [InlineData("true", "true", "true")]
    [InlineData("abc", "abc abcd", "abc abcd")]
    [InlineData("word", "words", "***s")]
    public void AShortValueAndAnAddressAreHiddenWhereTheyStandAloneAndOtherValuesAnywhere(string value, string text, string expected)
    {
        var isDetail = value is "true" or "abc" or "word";
        var one = OfDistinctValues() with { Subject = new EventParty("u", isDetail ? "nobody" : value, null, null, null), Details = [new("note", value), new("other", text)] };

        Assert.Equal(expected, new PrivacyPolicy([new(isDetail ? "context.note" : PrivacyFields.Subject, PrivacyAction.Mask)], null).Apply(one).Details[1].Value);
    }

    private static PrivacyKey Key { get; } = new("k1", "a key of sixteen or more");

    private static SecurityEvent OfDistinctValues() => Some.LoginEvent() with
    {
        Kind = EventKind.Application,
        Reason = "reason-1",
        Actor = new EventParty("actor-id", "actor-name", "actor-mail", "acme", "actor-client"),
        Subject = new EventParty("subject-id", "subject-name", "subject-mail", "acme", "subject-client"),
        ClientId = "client-1",
        SessionId = "session-1",
        TransactionId = "transaction-1",
        IpAddress = "192.0.2.10",
        Location = EventLocation.Nowhere with { City = "Oxford" },
        Details = [new("note", "detail-note"), new("other", "detail-other")],
        Admin = new AdminAction("UPDATE", "USER", "users/path-1", "resource-1", "{\"x\":\"representation-1\"}") { ResourceName = "resource-name" },
    };

    private static Dictionary<string, string?> Texts(SecurityEvent one) => new()
    {
        ["Actor.Name"] = one.Actor?.Name, ["Actor.Id"] = one.Actor?.Id, ["Actor.Email"] = one.Actor?.Email, ["Actor.ClientId"] = one.Actor?.ClientId,
        ["Subject.Name"] = one.Subject?.Name, ["Subject.Id"] = one.Subject?.Id, ["Subject.Email"] = one.Subject?.Email, ["Subject.ClientId"] = one.Subject?.ClientId,
        ["IpAddress"] = one.IpAddress, ["SessionId"] = one.SessionId, ["ClientId"] = one.ClientId, ["TransactionId"] = one.TransactionId, ["Reason"] = one.Reason,
        ["Admin.ResourcePath"] = one.Admin?.ResourcePath, ["Admin.ResourceId"] = one.Admin?.ResourceId, ["Admin.ResourceName"] = one.Admin?.ResourceName,
        ["Admin.Representation"] = one.Admin?.Representation,
        ["Details.note"] = one.Details.FirstOrDefault(detail => detail.Key == "note").Value, ["Details.other"] = one.Details.FirstOrDefault(detail => detail.Key == "other").Value,
    };
}
