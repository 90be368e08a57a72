namespace SiemForwarder.Events.Keycloak;

/// <summary>The meaning of each operation on one resource type, by path.</summary>
internal sealed class AdminOperations
{
    public static readonly string[] Operations = ["CREATE", "UPDATE", "DELETE", "ACTION"];

    // A partial import is reported as CREATE REALM with the path of the created resource.
    private static readonly (string Path, string ResourceType)[] Imported =
    [
        ("users/*", "USER"), ("groups/*", "GROUP"), ("roles/*", "REALM_ROLE"), ("clients/*/roles/*", "CLIENT_ROLE"),
        ("clients/*", "CLIENT"), ("identity-provider/instances/*", "IDENTITY_PROVIDER"),
    ];

    private readonly Dictionary<string, (string? Path, EventDescription Description)[]> byOperation;

    public AdminOperations(ResourceTypeRow resource, AdminEventRow[] rows)
    {
        Resource = resource;
        byOperation = Operations.ToDictionary(
            operation => operation,
            operation => Complete([.. Listed(rows, operation, resource)], Fallback(rows, operation, resource)));
    }

    public ResourceTypeRow Resource { get; }

    /// <summary>All possible meanings of all operations, by path.</summary>
    public IEnumerable<EventDescription> All => byOperation.Values.SelectMany(deeds => deeds).Select(deed => deed.Description);

    /// <summary>The description of an operation at a path, or null for an unknown operation.</summary>
    public EventDescription? Find(string operation, string path)
    {
        if (!byOperation.TryGetValue(operation, out var deeds))
        {
            return null;
        }

        var index = 0;
        while (deeds[index].Path is { } pattern && !PathPattern.Matches(pattern, path))
        {
            index++;
        }

        var description = deeds[index].Description;
        return description.Classification.Ocsf18.ActivityName == AdminEventRow.LastPathSegment && path.Length > 0
            ? WithActivity(description, path[(path.LastIndexOf('/') + 1)..])
            : description;
    }

    /// <summary>Describes what the catalogue does not list: as a custom resource, or as an activity of its own for a new operation.</summary>
    public static EventDescription DescribeUnknown(AdminOperations custom, string operation, string resourceType)
    {
        var type = operation + "-" + resourceType;
        var description = custom.Find(operation, "") ?? Unlisted(type, TypeNames.Title(operation));
        return description with
        {
            Name = TypeNames.Sentence(type),
            Type = type,
            Summary = "A type unknown to this version; it is forwarded unchanged.",
            IsKnown = false,
        };
    }

    private static (string? Path, EventDescription Description)[] Complete(
        (string? Path, EventDescription Description)[] listed, EventDescription fallback) =>
        Array.Exists(listed, deed => deed.Path is null) ? listed : [.. listed, (null, fallback)];

    private static IEnumerable<(string? Path, EventDescription Description)> Listed(
        AdminEventRow[] rows, string operation, ResourceTypeRow resource)
    {
        var imported = operation == "CREATE" && resource.Type == "REALM" ? Imported : [];
        var importedRows = imported.Select(import => (
            Pattern: (string?)import.Path,
            Description: General(rows, operation, new ResourceTypeRow(import.ResourceType, TypeNames.Sentence(import.ResourceType).ToLowerInvariant()))!));
        return importedRows
            .Select(row => (row.Pattern, row.Description with
            {
                Type = operation + "-" + resource.Type,
                SignatureId = $"{operation}-{resource.Type}:import-{row.Description.Type[(operation.Length + 1)..].Replace('_', '-').ToLowerInvariant()}",
            }))
            .Concat(Matching(rows, operation, resource.Type).Select(row => (row.Path, row.Describe(operation, resource))));
    }

    // Actions that the catalogue does not list count as updates with ECS type info.
    private static EventDescription Fallback(AdminEventRow[] rows, string operation, ResourceTypeRow resource)
    {
        if (operation == "ACTION" && General(rows, "UPDATE", resource) is { } update)
        {
            var classification = update.Classification;
            return update with
            {
                Name = TypeNames.Capitalize(resource.Words + " action"),
                Type = operation + "-" + resource.Type,
                Summary = $"An administrator performed an action on: {resource.Words}.",
                Classification = classification with { EcsTypes = [.. classification.EcsTypes.Where(type => type != "change"), "info"] },
            };
        }

        var type = operation + "-" + resource.Type;
        return Unlisted(type, TypeNames.Title(type));
    }

    private static EventDescription? General(AdminEventRow[] rows, string operation, ResourceTypeRow resource) =>
        Matching(rows, operation, resource.Type).FirstOrDefault(row => row.Path is null)?.Describe(operation, resource);

    private static IEnumerable<AdminEventRow> Matching(AdminEventRow[] rows, string operation, string resourceType) =>
        rows.Where(row => row.Operations.Split(' ').Contains(operation) && row.ResourceTypes.Split(' ').Contains(resourceType));

    private static EventDescription Unlisted(string type, string activity) => new()
    {
        Name = TypeNames.Sentence(type),
        Category = "iam",
        Type = type,
        Kind = EventKind.Admin,
        Summary = "An operation that Keycloak does not usually report for this resource.",
        Classification = new(
            "Unknown admin event", "other", new(3004, 99, activity), new(3004, 99, activity),
            ["iam", "configuration"], ["info"], "AuditEvent/Other", "USER_UNCATEGORIZED", "none"),
        Severity = 4,
        FailureSeverity = 5,
        StoredByDefault = true,
    };

    private static EventDescription WithActivity(EventDescription description, string activity)
    {
        var classification = description.Classification;
        return description with
        {
            Classification = classification with
            {
                Ocsf18 = classification.Ocsf18 with { ActivityName = activity },
                Ocsf19 = classification.Ocsf19 with { ActivityName = activity },
            },
        };
    }
}
