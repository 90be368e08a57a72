namespace SiemForwarder.Events.Keycloak;

/// <summary>One user event type together with its <c>_ERROR</c> twin.</summary>
/// <param name="Type">Keycloak's name of the success.</param>
/// <param name="Name">The deed as a noun, so that " failed" can follow.</param>
/// <param name="Summary">One sentence on the success.</param>
/// <param name="Group">What it means to a SIEM.</param>
/// <param name="Recommended">Which twins a realm should store.</param>
/// <param name="Stored">Which twins a realm stores without being told to (read from 26.7.4).</param>
internal sealed record UserEventRow(
    string Type, string Name, string Summary, UserEventGroup Group, AppliesTo Recommended = AppliesTo.Both, AppliesTo Stored = AppliesTo.Both)
{
    /// <summary>Describes one of the twins.</summary>
    /// <param name="failure">Which one.</param>
    /// <param name="deed">Tells the deed from others of the same type in signature ids; null for the general one.</param>
    public EventDescription Describe(bool failure, string? deed = null)
    {
        var type = failure ? Type + KeycloakEventCatalog.ErrorSuffix : Type;
        var twin = failure ? AppliesTo.Failure : AppliesTo.Success;
        return Describe(type, Group.Classification) with
        {
            Name = failure ? Name + " failed" : Name,
            SignatureId = deed is null ? null : $"{type}:{deed}",
            Summary = failure ? $"{Name} was refused or failed; the error code says why." : Summary,
            Severity = failure ? Group.FailureSeverity : Group.Severity,
            FailureSeverity = Group.FailureSeverity,
            Recommended = Recommended == AppliesTo.Both || Recommended == twin,
            StoredByDefault = Stored == AppliesTo.Both || Stored == twin,
        };
    }

    /// <summary>Describes a type that the catalogue does not list.</summary>
    public static EventDescription DescribeUnknown(string type) =>
        Describe(type, UserEventGroup.Unknown.Classification) with
        {
            Summary = "A type that this version does not know; it is forwarded as it is.",
            Severity = UserEventGroup.Unknown.Severity,
            FailureSeverity = UserEventGroup.Unknown.FailureSeverity,
            IsKnown = false,
        };

    private static EventDescription Describe(string type, EventClassification classification) => new()
    {
        Name = TypeNames.Sentence(type),
        Category = classification.EcsCategories[0],
        Type = type,
        Kind = EventKind.User,
        Classification = classification with { Ocsf18 = Named(classification.Ocsf18, type), Ocsf19 = Named(classification.Ocsf19, type) },
    };

    private static OcsfActivity Named(OcsfActivity activity, string type) =>
        activity.ActivityName == UserEventGroup.TypeInWords ? activity with { ActivityName = TypeNames.Title(type) } : activity;
}

/// <summary>Which of the two types of a pair a flag holds for: the type itself, its <c>_ERROR</c> twin, or both.</summary>
internal enum AppliesTo
{
    Neither,
    Success,
    Failure,
    Both,
}
