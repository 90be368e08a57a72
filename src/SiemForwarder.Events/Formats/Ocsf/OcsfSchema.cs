namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>The Open Cybersecurity Schema Framework in the versions that can be chosen (ocsf/ocsf-schema).</summary>
internal static class OcsfSchema
{
    /// <summary>OCSF 1.8.0, which most consumers are close to.</summary>
    public const string Id = "ocsf";

    /// <summary>OCSF 1.9.0, with the classes User Management and Role Management.</summary>
    public const string Id19 = "ocsf-1.9";
}
