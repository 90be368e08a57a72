namespace SiemForwarder.Events.Formats.Ocsf;

/// <summary>The supported versions of the Open Cybersecurity Schema Framework (ocsf/ocsf-schema).</summary>
internal static class OcsfSchema
{
    /// <summary>OCSF 1.8.0, which is close to what most consumers support.</summary>
    public const string Id = "ocsf";

    /// <summary>OCSF 1.9.0, with the classes User Management and Role Management.</summary>
    public const string Id19 = "ocsf-1.9";
}
