namespace SiemForwarder.Events;

/// <summary>The one normalized record: what happened, in one shape, whatever the source; read by filters and formatters.</summary>
/// <remarks>Made by normalizing when an event is read, never stored. Immutable, shared by all integrations of an engine.</remarks>
public sealed record SecurityEvent
{
    /// <summary>Event id: Keycloak's, or the key in the form of a UUID where the event has none. In every format.</summary>
    public required string Id { get; init; }

    public required EventKind Kind { get; init; }

    /// <summary>Stable name: <c>LOGIN_ERROR</c>, <c>CREATE-USER</c>, or the name that an application chose.</summary>
    public required string Type { get; init; }

    /// <summary>One id for one deed, for the rules of a SIEM: the type, and where that means several deeds which one it is
    /// (<c>UPDATE-USER:disable</c>).</summary>
    public string SignatureId => Description.SignatureId ?? Type;

    /// <summary>What the catalogue says of this type: name, category, classes in the schemas.</summary>
    public required EventDescription Description { get; init; }

    /// <summary>When it happened, by the clock of the source; UTC, milliseconds.</summary>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>When the forwarder stored it.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    public required EventOutcome Outcome { get; init; }

    /// <summary>0 to 10 as in CEF: 0–3 low, 4–6 medium, 7–8 high, 9–10 very high.</summary>
    public required int Severity { get; init; }

    public required EventSource Source { get; init; }

    /// <summary>Place in the log of the source; 0 for an event that is not in a log (a test, a preview).</summary>
    public required long Position { get; init; }

    /// <summary>Error code of Keycloak (<c>invalid_user_credentials</c>), null on success.</summary>
    public string? Reason { get; init; }

    /// <summary>Internal id of the realm, as the event carries it.</summary>
    public string? RealmId { get; init; }

    /// <summary>Who acted: the user itself, or the administrator.</summary>
    public EventParty? Actor { get; init; }

    /// <summary>The account that was acted on; for self events the same as <see cref="Actor"/>.</summary>
    public EventParty? Subject { get; init; }

    /// <summary>OAuth client id, as text; may be what an attacker sent.</summary>
    public string? ClientId { get; init; }

    public string? SessionId { get; init; }

    /// <summary>What ties the events of one act together: <c>details.code_id</c> or the like.</summary>
    public string? TransactionId { get; init; }

    /// <summary>Address as the source sent it; not always a literal address.</summary>
    public string? IpAddress { get; init; }

    /// <summary>Where that address is; null where nobody said.</summary>
    public EventLocation? Location { get; init; }

    /// <summary>What was done to which resource: of admin events, and of others that name one.</summary>
    public AdminAction? Admin { get; init; }

    /// <summary>Keycloak's details in their order, secrets redacted.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Details { get; init; } = [];

    /// <summary>True for the older twin of a pair that Keycloak 26 sends for one act (UPDATE_PASSWORD beside UPDATE_CREDENTIAL).</summary>
    public bool IsDeprecatedDuplicate { get; init; }

    /// <summary>True for the marked event of a Test; such an event says so in every format.</summary>
    public bool IsTest { get; init; }

    /// <summary>The exact bytes as the source sent them.</summary>
    public ReadOnlyMemory<byte> Raw { get; init; }
}
