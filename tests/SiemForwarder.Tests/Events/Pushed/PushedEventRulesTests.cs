using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Events.Pushed;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Pushed;

/// <summary>What may be pushed, what is made of what is missing, and that a pushed admin event is known as the one that is pulled.</summary>
public sealed class PushedEventRulesTests
{
    [Theory]
    [InlineData("{}", "event_type is missing (or type, in the payload of a Keycloak webhook).")]
    [InlineData("{\"event_type\":\"a\"}", null)]
    [InlineData("{\"event_type\":\"9.a_b-c:d/e\"}", null)]
    [InlineData("{\"event_type\":\".a\"}", "The event type must be 1 to 128 letters, digits and . _ - : / and begin with a letter or digit.")]
    [InlineData("{\"event_type\":\"a b\"}", "The event type must be 1 to 128 letters, digits and . _ - : / and begin with a letter or digit.")]
    [InlineData("{\"event_type\":\"ä\"}", "The event type must be 1 to 128 letters, digits and . _ - : / and begin with a letter or digit.")]
    [InlineData("{\"event_type\":\"a\",\"timestamp\":\"2026-01-31T10:15:30Z\"}", null)]
    [InlineData("{\"event_type\":\"a\",\"timestamp\":null}", null)]
    [InlineData("{\"event_type\":\"a\",\"timestamp\":\"soon\"}", "The time of the event is no instant: write RFC 3339 such as 2026-01-31T10:15:30.123Z, or epoch milliseconds.")]
    [InlineData("{\"event_type\":\"a\",\"timestamp\":9223372036854775807}", "The time of the event is no instant: write RFC 3339 such as 2026-01-31T10:15:30.123Z, or epoch milliseconds.")]
    public void AnEventMustHaveAProperTypeAndTime(string json, string? fault) => Assert.Equal(fault, FaultOf(json));

    [Fact]
    public void TypesAndIdsAreOfLimitedLength()
    {
        Assert.Null(FaultOf($$"""{"event_type":"{{new string('t', 128)}}","event_id":"{{new string('i', 255)}}"}"""));
        Assert.StartsWith("The event type must be", FaultOf($$"""{"event_type":"{{new string('t', 129)}}"}"""), StringComparison.Ordinal);
        Assert.Equal("The event id must have at most 255 characters.", FaultOf($$"""{"event_type":"t","event_id":"{{new string('i', 256)}}"}"""));
    }

    [Theory]
    [InlineData("\"2026-01-31T10:15:30.123Z\"", 1769854530123)]
    [InlineData("\"2026-01-31t10:15:30.123456789z\"", 1769854530123)]
    [InlineData("\"2026-01-31 10:15:30.1Z\"", 1769854530100)]
    [InlineData("\"2026-01-31T06:45:30-03:30\"", 1769854530000)]
    [InlineData("\"2016-12-31T23:59:60Z\"", 1483228800000)]
    [InlineData("\"1769854530123\"", 1769854530123)]
    [InlineData("\"2026-01-31T10:15:30.123\"", null)]
    [InlineData("\"2026-01-31T10:15:30.Z\"", null)]
    [InlineData("\"2026-01-31T10:15Z\"", null)]
    [InlineData("\"2026-01-31\"", null)]
    [InlineData("\"2026-02-29T10:15:30Z\"", null)]
    [InlineData("\"2026-01-31T24:15:30Z\"", null)]
    [InlineData("\"2026-01-31T10:15:30+1:00\"", null)]
    [InlineData("\"2026-01-31T10:15:30Z \"", null)]
    [InlineData("\"Sat, 31 Jan 2026 10:15:30 GMT\"", null)]
    [InlineData("\"10:15\"", null)]
    [InlineData("\"1/2/2026\"", null)]
    [InlineData("\"2026\"", null)]
    [InlineData("\"2026-01-31T11:15:30+01:00\"", 1769854530000)]
    [InlineData("1769854530123", 1769854530123)]
    [InlineData("1769854530", 1769854530000)]
    [InlineData("99999999999", 99999999999000)]
    [InlineData("100000000000", 100000000000)]
    [InlineData("1", 1000L)]
    [InlineData("0", 0L)]
    [InlineData("-5", -5L)]
    [InlineData("true", null)]
    [InlineData("\"soon\"", null)]
    public void ATimeIsRfc3339OrMillisecondsOrSeconds(string timestamp, long? expected) =>
        Assert.Equal(expected, PushedOutline.Read(Encoding.UTF8.GetBytes($$"""{"event_type":"a","timestamp":{{timestamp}}}""")).TimeMs);

    [Theory]
    [InlineData("account.archived", "iam")]
    [InlineData("User.archived", "iam")]
    [InlineData("identity.x", "iam")]
    [InlineData("group.x", "iam")]
    [InlineData("role.x", "iam")]
    [InlineData("entitlement.x", "iam")]
    [InlineData("login.x", "authentication")]
    [InlineData("logout.x", "authentication")]
    [InlineData("auth.x", "authentication")]
    [InlineData("session.x", "authentication")]
    [InlineData("mfa.x", "authentication")]
    [InlineData("password.x", "authentication")]
    [InlineData("order.x", "api")]
    public void ANameThatNobodyKnowsIsOfTheCategoryThatItBeginsWith(string type, string category)
    {
        var pushed = Some.Normalized(EventStream.Pushed, $$"""{"event_type":"{{type}}"}""");

        Assert.Equal((category, false, true, 3), (pushed.Description.Category, pushed.Description.IsKnown, pushed.Description.StoredByDefault, pushed.Severity));
        Assert.Equal([category], pushed.Description.Classification.EcsCategories);
        Assert.Equal("An event under a name that its sender chose.", pushed.Description.Summary);
        Assert.Equal((EventOutcome.Unknown, (AdminAction?)null), (pushed.Outcome, pushed.Admin));
    }

    [Theory]
    [InlineData("authentication")]
    [InlineData("iam")]
    [InlineData("configuration")]
    [InlineData("session")]
    [InlineData("api")]
    public void ACategoryThatIsGivenCounts(string category)
    {
        var pushed = Some.Normalized(EventStream.Pushed, $$"""{"event_type":"order.x","category":"{{category}}","name":"Order","outcome":"failure"}""");

        Assert.Equal((category, "Order", EventOutcome.Failure, 5), (pushed.Description.Category, pushed.Description.Name, pushed.Outcome, pushed.Severity));
        Assert.Equal("api", Some.Normalized(EventStream.Pushed, """{"event_type":"order.x","category":"web"}""").Description.Category);
    }

    [Theory]
    [InlineData("operation", "ISSUE")]
    [InlineData("resource_type", "Certificate")]
    [InlineData("resource_path", "ca/1")]
    [InlineData("resource_id", "7")]
    [InlineData("resource_name", "web01")]
    [InlineData("representation", "{}")]
    public void AnyMemberOfAResourceMakesOne(string member, string value)
    {
        var resource = Some.Normalized(EventStream.Pushed, $$"""{"event_type":"order.x","{{member}}":"{{value}}"}""").Admin!;

        string?[] expected =
        [
            member == "operation" ? value : "", member == "resource_type" ? value : "", member == "resource_path" ? value : "", member == "resource_id" ? value : null,
            member == "resource_name" ? value : null, member == "representation" ? value : null,
        ];
        string?[] actual = [resource.Operation, resource.ResourceType, resource.ResourcePath, resource.ResourceId, resource.ResourceName, resource.Representation];
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void WhoActedIsTheSubjectUnlessSomebodyElseIsNamed()
    {
        var alone = Some.Normalized(EventStream.Pushed, """{"event_type":"order.x","subject":"alice"}""");
        var other = Some.Normalized(EventStream.Pushed, """{"event_type":"order.x","subject":"alice","requestor_id":"b1","requestor_realm":"corp"}""");

        Assert.Same(alone.Subject, alone.Actor);
        Assert.Equal(("b1", "corp", "alice"), (other.Actor!.Id, other.Actor.Realm, other.Subject!.Name));
    }

    [Fact]
    public void OnOlderServersTheContentOfAPushedAdminEventIsThatOfThePulledOne()
    {
        var hash = new KeycloakContentHash();
        var keys = new PushedKeys();
        var compared = 0;
        foreach (var (_, json) in RecordedEvents.Read("recorded-24.0.5").Where(entry => entry.Stream == EventStream.Admin))
        {
            // As administrators of the realm itself: of those of master, the plug-in tells the realm's name and the API its id.
            var shown = JsonNode.Parse(json)!.AsObject();
            shown["authDetails"]!["realmId"] = (string?)shown["realmId"];
            var pulled = Encoding.UTF8.GetBytes(shown.ToJsonString());
            var pushed = WebhookPayloads.PhaseTwo(EventStream.Admin, pulled, "acme");
            var bare = JsonNode.Parse(pushed)!.AsObject();
            bare.Remove("operationType");
            bare.Remove("resourceType");

            Assert.Equal(hash.Compute(pulled, 0), keys.Of(PushedOutline.Read(pushed), pushed, isPulledToo: true, pulledByContent: false).Key);
            var shortened = Encoding.UTF8.GetBytes(bare.ToJsonString());
            Assert.Equal(hash.Compute(pulled, 0), keys.Of(PushedOutline.Read(shortened), shortened, isPulledToo: true, pulledByContent: false).Key);
            compared++;
        }

        Assert.InRange(compared, 100, 1000);
    }

    [Fact]
    public void ATestEventSaysThatNothingHappened()
    {
        var test = TestEvent.Create(Some.Source, "t-1", new DateTimeOffset(2026, 1, 31, 11, 0, 0, TimeSpan.FromHours(1)));

        Assert.Equal(("SIEMFORWARDER_TEST", "SiemForwarder test event", "configuration", true), (test.Type, test.Description.Name, test.Description.Category, test.IsTest));
        Assert.Equal("Sent to test an integration; nothing happened.", test.Description.Summary);
        Assert.Equal(("test", "configuration"), (test.Description.Classification.Action, Assert.Single(test.Description.Classification.EcsCategories)));
        Assert.Equal((TimeSpan.Zero, 10), (test.OccurredAt.Offset, test.OccurredAt.Hour));
    }

    private static string? FaultOf(string json) => PushedEventLimits.FindFault(PushedOutline.Read(Encoding.UTF8.GetBytes(json)));
}
