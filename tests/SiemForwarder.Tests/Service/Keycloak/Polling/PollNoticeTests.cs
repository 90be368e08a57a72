using SiemForwarder.Connections;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Tests.Service.Keycloak.Polling;

/// <summary>What the poller has to say about its source reaches a SIEM as an event like others.</summary>
public sealed class PollNoticeTests
{
    [Fact]
    public void ANoticeIsNormalizedWithItsTypeSeverityAndMessage()
    {
        var source = new KeycloakSource { Id = 7, Name = "prod", BaseUrl = new Uri("http://kc"), Realm = "r", ClientId = "c", Credential = new KeycloakCredential.ClientSecret(new Secret("s")) };
        var incoming = new PollNotice(PollNotice.Removed, 1_789_041_600_000, "Events were removed.", 1, 2, 3).ToEvent(source, EventStream.User);

        var normalized = EventNormalizer.Normalize(
            EventStream.Forwarder, incoming.Body, incoming.Key, new EventSource(7, "prod", "r", "kc"), 1, incoming.OccurredAtMs, DateTimeOffset.UnixEpoch);

        Assert.Equal("SOURCE_EVENTS_REMOVED", normalized.Type);
        Assert.Equal(EventKind.Operational, normalized.Kind);
        Assert.Equal(9, normalized.Severity);
        Assert.Equal(EventOutcome.Failure, normalized.Outcome);
        Assert.Equal(1_789_041_600_000, normalized.OccurredAt.ToUnixTimeMilliseconds());
        Assert.Equal("Keycloak events removed at the source", normalized.Description.Name);
        Assert.Contains(normalized.Details, detail => detail is { Key: "message", Value: "Events were removed." });
    }
}
