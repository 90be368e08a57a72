namespace SiemForwarder.Events.Formats.Asim;

/// <summary>The ASIM schema of an event, and its event type.</summary>
internal readonly ref struct AsimKind
{
    private AsimKind(ReadOnlySpan<char> schema, ReadOnlySpan<char> eventType)
    {
        Schema = schema;
        EventType = eventType;
    }

    /// <summary><c>Authentication</c>, <c>AuditEvent</c>, <c>UserManagement</c> or <c>AlertEvent</c>.</summary>
    public ReadOnlySpan<char> Schema { get; }

    public ReadOnlySpan<char> EventType { get; }

    public bool IsAuthentication => Schema is "Authentication";

    public bool IsAudit => Schema is "AuditEvent";

    public bool IsAlert => Schema is "AlertEvent";

    /// <summary>Parses the catalogue's classification: <c>Authentication/Elevate (EventSubType=AssumeRole)</c>.</summary>
    public static AsimKind Of(SecurityEvent securityEvent)
    {
        var text = securityEvent.Description.Classification.Asim.AsSpan();
        var isGrant = text.Contains("only for JWT", StringComparison.Ordinal);
        if (isGrant && !securityEvent.Type.StartsWith("JWT_", StringComparison.Ordinal))
        {
            return new("AuditEvent", "Execute");
        }

        var slash = text.IndexOf('/');
        var rest = text[(slash + 1)..];
        var end = rest.IndexOfAny(' ', ',');
        return new(text[..slash], end < 0 ? rest : rest[..end]);
    }
}
