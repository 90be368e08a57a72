namespace SiemForwarder.Events.Formats.Syslog;

/// <summary>The PRI of a syslog message (RFC 5424 section 6.2.1).</summary>
internal static class SyslogPriority
{
    private const int SeveritiesPerFacility = 8;

    /// <summary>Facility times eight plus the syslog severity: 0–1 informational, 2–3 notice, 4–6 warning, 7–8 error, 9–10 critical.</summary>
    public static int Of(int facility, int severity)
    {
        var syslogSeverity = severity switch
        {
            <= 1 => 6,
            <= 3 => 5,
            <= 6 => 4,
            <= 8 => 3,
            _ => 2,
        };
        return (facility * SeveritiesPerFacility) + syslogSeverity;
    }
}
