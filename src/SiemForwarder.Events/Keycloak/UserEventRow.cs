namespace SiemForwarder.Events.Keycloak;

/// <summary>A user event type together with its <c>_ERROR</c> twin.</summary>
/// <param name="Type">Keycloak's name for the success.</param>
/// <param name="Name">The activity as a noun, to which " failed" can be appended.</param>
/// <param name="Summary">One sentence on the success.</param>
/// <param name="Group">Its meaning to a SIEM.</param>
/// <param name="Recommended">Which of the twins a realm should store.</param>
/// <param name="Stored">Which of the twins a realm stores by default (as of 26.7.4).</param>
internal sealed record UserEventRow(
    string Type, string Name, string Summary, UserEventGroup Group, AppliesTo Recommended = AppliesTo.Both, AppliesTo Stored = AppliesTo.Both)
{
    /// <summary>Describes one of the twins.</summary>
    /// <param name="failure">Whether to describe the failure.</param>
    /// <param name="deed">Distinguishes the activity from others of the same type in signature ids; null for the general one.</param>
    public EventDescription Describe(bool failure, string? deed = null)
    {
        var type = failure ? Type + KeycloakEventCatalog.ErrorSuffix : Type;
        var twin = failure ? AppliesTo.Failure : AppliesTo.Success;
        return Describe(type, Group.Classification) with
        {
            Name = failure ? Name + " failed" : Name,
            SignatureId = deed is null ? null : $"{type}:{deed}",
            Summary = failure ? $"{Name} was rejected or failed; the error code says why." : Summary,
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
            Summary = "A type unknown to this version; it is forwarded unchanged.",
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

/// <summary>Which types of a pair a flag applies to: the type itself, its <c>_ERROR</c> twin, or both.</summary>
internal enum AppliesTo
{
    Neither,
    Success,
    Failure,
    Both,
}
