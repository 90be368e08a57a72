namespace SiemForwarder.Events;

/// <summary>The normalized record: what happened, in the same shape for every source; read by filters and formatters.</summary>
/// <remarks>Created by normalizing when an event is read, never stored. Immutable, shared by all integrations of an engine.</remarks>
public sealed record SecurityEvent
{
    /// <summary>Event id: Keycloak's, or the key in the form of a UUID if the event has none. Included in every format.</summary>
    public required string Id { get; init; }

    public required EventKind Kind { get; init; }

    /// <summary>Stable name: <c>LOGIN_ERROR</c>, <c>CREATE-USER</c>, or the name chosen by an application.</summary>
    public required string Type { get; init; }

    /// <summary>A distinct id for one activity, for SIEM rules: the type, plus the specific activity if the type covers several
    /// (<c>UPDATE-USER:disable</c>).</summary>
    public string SignatureId => Description.SignatureId ?? Type;

    /// <summary>The catalogue's entry for this type: name, category, classes in the schemas.</summary>
    public required EventDescription Description { get; init; }

    /// <summary>When it happened, according to the source's clock; UTC, milliseconds.</summary>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary>When the forwarder stored it.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    public required EventOutcome Outcome { get; init; }

    /// <summary>0 to 10 as in CEF: 0–3 low, 4–6 medium, 7–8 high, 9–10 very high.</summary>
    public required int Severity { get; init; }

    public required EventSource Source { get; init; }

    /// <summary>Position in the log of the source; 0 for an event that is not in a log (a test, a preview).</summary>
    public required long Position { get; init; }

    /// <summary>Keycloak's error code (<c>invalid_user_credentials</c>), null on success.</summary>
    public string? Reason { get; init; }

    /// <summary>Internal id of the realm, as the event carries it.</summary>
    public string? RealmId { get; init; }

    /// <summary>Who acted: the user, or the administrator.</summary>
    public EventParty? Actor { get; init; }

    /// <summary>The account that was acted on; the same as <see cref="Actor"/> if users act on themselves.</summary>
    public EventParty? Subject { get; init; }

    /// <summary>OAuth client id, as text; may come from an attacker.</summary>
    public string? ClientId { get; init; }

    public string? SessionId { get; init; }

    /// <summary>Links the events of one activity: <c>details.code_id</c> or similar.</summary>
    public string? TransactionId { get; init; }

    /// <summary>Address as the source sent it; not always a literal address.</summary>
    public string? IpAddress { get; init; }

    /// <summary>Location of that address; null if unknown.</summary>
    public EventLocation? Location { get; init; }

    /// <summary>What was done to which resource: for admin events, and for others that name one.</summary>
    public AdminAction? Admin { get; init; }

    /// <summary>Keycloak's details in their original order, with secrets redacted.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Details
    {
        get;
        // What can be walked in one piece (ListSpan).
        init => field = value is KeyValuePair<string, string>[] or List<KeyValuePair<string, string>> ? value : value.ToArray();
    }

    = Array.Empty<KeyValuePair<string, string>>();

    /// <summary>True for the older of two events that Keycloak 26 sends for one activity (UPDATE_PASSWORD beside UPDATE_CREDENTIAL).</summary>
    public bool IsDeprecatedDuplicate { get; init; }

    /// <summary>True for the marked event of a test; it is marked in every format.</summary>
    public bool IsTest { get; init; }

    /// <summary>The exact bytes as the source sent them.</summary>
    public ReadOnlyMemory<byte> Raw { get; init; }
}
