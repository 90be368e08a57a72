namespace SiemForwarder.Events.Keycloak;

/// <summary>One kind of administrator action: which operations on which resource types, at which paths, and its meaning to a SIEM.</summary>
/// <param name="Operations">Operations, separated by spaces.</param>
/// <param name="ResourceTypes">Resource types, separated by spaces.</param>
/// <param name="Path">Pattern as for <see cref="PathPattern"/>, or null for any path.</param>
/// <param name="Name">Constant text; <c>{resource}</c> is replaced with the resource type in words.</param>
/// <param name="Summary">One sentence; <c>{a resource}</c> is replaced with the resource type in words with its article.</param>
/// <param name="Severity">Severity, 0 to 10.</param>
/// <param name="Classification">Classes in the schemas of SIEMs.</param>
/// <param name="Deed">Distinguishes the action from others of the same type in signature ids, and never changes; null for the general one.</param>
internal sealed record AdminEventRow(
    string Operations, string ResourceTypes, string? Path, string Name, string Summary, int Severity, EventClassification Classification, string? Deed = null)
{
    /// <summary>Placeholder for the last segment of the path, if an OCSF activity has no name of its own.</summary>
    public const string LastPathSegment = "<last path segment>";

    private const int MinFailureSeverity = 5;

    public EventDescription Describe(string operation, ResourceTypeRow resource) => new()
    {
        Name = TypeNames.Capitalize(Name.Replace("{resource}", resource.Words, StringComparison.Ordinal)),
        Category = Classification.EcsCategories[0],
        Type = operation + "-" + resource.Type,
        SignatureId = Deed is null ? null : $"{operation}-{resource.Type}:{Deed}",
        Kind = EventKind.Admin,
        Summary = Summary.Replace("{a resource}", WithArticle(resource.Words), StringComparison.Ordinal),
        Classification = Classification,
        Severity = Severity,
        FailureSeverity = Math.Max(Severity, MinFailureSeverity),
        Recommended = true,
        StoredByDefault = true,
    };

    private static string WithArticle(string words) => ("aeio".Contains(words[0], StringComparison.Ordinal) ? "an " : "a ") + words;
}
