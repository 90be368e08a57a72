using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Tests.Support;

/// <summary>Events and sources of which any will do.</summary>
public static class Some
{
    public static readonly EventSource Source = new(1, "prod-eu", "acme", "kc.example.com");

    public static readonly DateTimeOffset ReceivedAt = new(2026, 11, 21, 0, 0, 0, TimeSpan.Zero);

    /// <summary>A login event, failed with a wrong password unless changed.</summary>
    public static SecurityEvent LoginEvent(
        string type = "LOGIN_ERROR", string? userName = "alice", string? error = "invalid_user_credentials", string? ip = "192.0.2.10", string? clientId = "web-app", long position = 1)
    {
        var party = new EventParty("15745079-6780-4b93-80d9-c0d3480885d3", userName, null, "acme", clientId);
        return new SecurityEvent
        {
            Id = "0d9c9f0e-6f7b-4a3a-9a53-2d1b8c7c1a01",
            Kind = EventKind.User,
            Type = type,
            Description = KeycloakEventCatalog.DescribeUser(type, null),
            OccurredAt = DateTimeOffset.FromUnixTimeMilliseconds(1762164930123),
            ReceivedAt = ReceivedAt,
            Outcome = error is null ? EventOutcome.Success : EventOutcome.Failure,
            Severity = 4,
            Source = Source,
            Position = position,
            Reason = error,
            RealmId = "3f6c1f2e-5b0e-4d6b-9a0e-2f6f4b1c7d10",
            Actor = party,
            Subject = party,
            ClientId = clientId,
            SessionId = "756261b0-2a1a-4f9e-82ad-7762d2732127",
            IpAddress = ip,
            Details = [new("auth_method", "openid-connect"), new("redirect_uri", "https://app.example.com/cb?a=1&b=2#x"), new("username", userName ?? "")],
        };
    }

    /// <summary>Normalizes the JSON of one event of the source <see cref="Source"/>.</summary>
    public static SecurityEvent Normalized(EventStream stream, string json) => Normalized(stream, Encoding.UTF8.GetBytes(json));

    public static SecurityEvent Normalized(EventStream stream, byte[] json) =>
        EventNormalizer.Normalize(stream, json, EventKey.FromHash(json), Source, 1, 1762164930123, ReceivedAt);
}
