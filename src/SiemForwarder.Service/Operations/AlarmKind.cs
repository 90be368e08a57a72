using SiemForwarder.Service.Sources;

namespace SiemForwarder.Service.Operations;

/// <summary>A kind of alarm: what its start and its end are called in the forwarder's log.</summary>
/// <param name="Raised">Type of the event when it is raised, and name of the alarm.</param>
/// <param name="Cleared">Type of the event when it is cleared; null if raising and clearing are not announced as events.</param>
/// <param name="RaisedName">Display name of the start.</param>
/// <param name="ClearedName">Display name of the end.</param>
/// <param name="Severity">CEF severity of the start, 0 to 10.</param>
internal sealed record AlarmKind(string Raised, string? Cleared, string RaisedName, string ClearedName, int Severity)
{
    public static readonly AlarmKind IntegrationFailing =
        new("INTEGRATION_FAILING", "INTEGRATION_RECOVERED", "Integration failing", "Integration recovered", 6);

    public static readonly AlarmKind PoolEmpty =
        new("ENGINE_POOL_EMPTY", "ENGINE_POOL_STAFFED", "Engine pool without a live engine", "Engine pool has an engine again", 8);

    public static readonly AlarmKind SourceUnreachable =
        new("SOURCE_UNREACHABLE", "SOURCE_REACHABLE", "Source unreachable", "Source reachable again", 7);

    public static readonly AlarmKind AuditingOff =
        new(ForwarderWitness.AuditingOff, ForwarderWitness.AuditingOn, "Auditing switched off in Keycloak", "Auditing switched on again in Keycloak", 9);

    public static readonly AlarmKind RetentionMarginShort =
        new("RETENTION_MARGIN_SHORT", "RETENTION_MARGIN_RESTORED", "Events are about to be deleted before they are forwarded",
            "Events are forwarded in time again", 8);

    public static readonly AlarmKind NodeClockAhead =
        new("NODE_CLOCK_AHEAD", "NODE_CLOCKS_AGREE", "Clocks of Keycloak's nodes differ", "Clocks of Keycloak's nodes agree again", 6);

    public static readonly AlarmKind RealmReadTwice =
        new("REALM_READ_TWICE", "REALM_READ_ONCE", "Two sources read one realm", "One source reads the realm", 5);

    public static readonly AlarmKind CredentialExpiring =
        new("CREDENTIAL_EXPIRING", "CREDENTIAL_RENEWED", "A certificate or token expires soon", "Certificates and tokens are renewed", 6);

    public static readonly AlarmKind DetectionBlind =
        new("DETECTION_BLIND", "DETECTION_SEES", "Detection rules are blind", "Detection rules see again", 7);

    public static readonly AlarmKind DetectionFailing =
        new("DETECTION_FAILING", "DETECTION_RUNS", "A detection rule is in Error", "A detection rule runs again", 7);

    public static readonly AlarmKind DetectionNoisy =
        new("DETECTION_NOISY", "DETECTION_QUIET", "A detection rule alerts more often than expected", "A detection rule alerts as often as expected", 4);

    /// <summary>Active for a day after the last slow event.</summary>
    public static readonly AlarmKind EventsSlow = new("EVENTS_SLOW", "EVENTS_FAST", "Events are slow to prepare", "No slow event for a day", 6);

    /// <summary>Active for a day after a loss; each loss is announced by its own event.</summary>
    public static readonly AlarmKind EventsLost = new(OperationalEvent.Lost, null, "Events lost", "No events lost for a day", 9);

    /// <summary>Active for a day after a failover or restore that lost events; each is announced by its own event.</summary>
    public static readonly AlarmKind HistoryReplaced =
        new(OperationalEvent.HistoryReplaced, null, "The database went back in time", "The database kept its history for a day", 9);

    /// <summary>Active while set-aside events await a decision; each rejection is announced by its own event.</summary>
    public static readonly AlarmKind EventsSetAside = new(OperationalEvent.SetAside, null, "Events set aside", "No events are set aside", 7);

    /// <summary>All kinds.</summary>
    public static readonly IReadOnlyList<AlarmKind> All =
    [
        IntegrationFailing, PoolEmpty, SourceUnreachable, AuditingOff, NodeClockAhead, RetentionMarginShort, RealmReadTwice, CredentialExpiring, EventsSetAside,
        EventsSlow, EventsLost, HistoryReplaced, DetectionBlind, DetectionFailing, DetectionNoisy,
    ];
}

/// <summary>An active problem.</summary>
/// <param name="Subject">What it is about, such as <c>integration:3</c>.</param>
/// <param name="Name">Its name, for people.</param>
/// <param name="Since">Since when it exists.</param>
/// <param name="Message">What is wrong and what to do.</param>
internal sealed record Alarm(AlarmKind Kind, string Subject, string Name, DateTimeOffset Since, string Message);
