namespace SiemForwarder.Service.Sources;

/// <summary>What the forwarder writes down about sources in its own log, for whoever looks later at what the logs of the sources can hold.</summary>
internal static class ForwarderWitness
{
    /// <summary>The source of the forwarder's own events, in every database.</summary>
    public const int SourceId = 0;

    /// <summary>Type of the event when Keycloak was found to store less than it should.</summary>
    public const string AuditingOff = "AUDITING_SWITCHED_OFF";

    /// <summary>Type of the event when it stores all again.</summary>
    public const string AuditingOn = "AUDITING_SWITCHED_ON";
}
