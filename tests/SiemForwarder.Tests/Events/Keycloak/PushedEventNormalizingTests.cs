using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Keycloak;

/// <summary>Events that were posted in the native schema keep the names that their senders chose.</summary>
public sealed class PushedEventNormalizingTests
{
    [Fact]
    public void AnyNamePassesWithItsFields()
    {
        const string Json = """
            {"event_type":"account.provisioned","timestamp":"2025-11-03T11:15:30.123+01:00","event_id":"e-1","transaction_id":"t-1","requestor":"bob",
             "subject":"alice","subject_id":"u1","context":{"system":"crm","secret":"S3CRET"},"org_id":"acme-org","ip_address":"192.0.2.1","location":{"city":"Bonn"}}
            """;

        var pushed = Some.Normalized(EventStream.Pushed, Json);

        Assert.Equal(("account.provisioned", "e-1", EventKind.Application, "iam"), (pushed.Type, pushed.Id, pushed.Kind, pushed.Description.Category));
        Assert.Equal(1762164930123, pushed.OccurredAt.ToUnixTimeMilliseconds());
        Assert.Equal(("bob", "alice", "u1", "t-1", "192.0.2.1"), (pushed.Actor?.Name, pushed.Subject?.Name, pushed.Subject?.Id, pushed.TransactionId, pushed.IpAddress));
        Assert.Equal([new("system", "crm"), new("secret", "**********"), new("location", """{"city":"Bonn"}""")], pushed.Details);
        Assert.Equal(EventOutcome.Unknown, pushed.Outcome);
    }

    [Theory]
    [InlineData("1762164930123")]
    [InlineData("1762164930")]
    [InlineData("\"2025-11-03T10:15:30Z\"")]
    public void TimestampsAreTakenInTheFormsThatOccur(string timestamp) =>
        Assert.Equal(1762164930, Some.Normalized(EventStream.Pushed, $$"""{"event_type":"x","timestamp":{{timestamp}}}""").OccurredAt.ToUnixTimeSeconds());

    [Fact]
    public void EventsOfTheForwarderAreOperational() =>
        Assert.Equal(EventKind.Operational, Some.Normalized(EventStream.Forwarder, """{"event_type":"forwarder.gap","severity":8}""").Kind);
}
