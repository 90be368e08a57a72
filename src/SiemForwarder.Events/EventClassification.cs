namespace SiemForwarder.Events;

/// <summary>The classes of an activity in the schemas of SIEMs.</summary>
/// <param name="Group">The activity, for people: <c>Interactive login</c>.</param>
/// <param name="Action">The activity in words, at most 63 characters (CEF <c>act</c>).</param>
/// <param name="Ocsf18">Class and activity in OCSF 1.8.</param>
/// <param name="Ocsf19">Class and activity in OCSF 1.9.</param>
/// <param name="EcsCategories">ECS 9.4 <c>event.category</c>; the first is the category of the event.</param>
/// <param name="EcsTypes">ECS 9.4 <c>event.type</c>.</param>
/// <param name="Asim">Microsoft ASIM schema and event type.</param>
/// <param name="Udm">Google SecOps UDM event type.</param>
/// <param name="Cim">Splunk CIM data model, data set and action.</param>
public sealed record EventClassification(
    string Group,
    string Action,
    OcsfActivity Ocsf18,
    OcsfActivity Ocsf19,
    IReadOnlyList<string> EcsCategories,
    IReadOnlyList<string> EcsTypes,
    string Asim,
    string Udm,
    string Cim)
{
    /// <summary>For events that nothing is known about: an API activity of another kind.</summary>
    public static readonly EventClassification Unclassified =
        new("Other", "other", new(6003, 99, "Other"), new(6003, 99, "Other"), ["api"], ["info"], "AuditEvent/Other", "GENERIC_EVENT", "none");
}
