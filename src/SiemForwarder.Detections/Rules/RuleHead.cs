namespace SiemForwarder.Detections.Rules;

/// <summary>How much a rule matters, as Sigma names it.</summary>
public enum RuleLevel
{
    /// <summary>Tags events; raises no alert.</summary>
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

/// <summary>Where the events of a rule come from; a member that is null stands for any.</summary>
public sealed record LogSource(string? Product, string? Service, string? Category)
{
    public static readonly LogSource KeycloakUser = new("keycloak", "user", null);

    public static readonly LogSource KeycloakAdmin = new("keycloak", "admin", null);

    /// <summary>The alerts of rules; only a rule that names both members reads them.</summary>
    public static readonly LogSource Alerts = new("forwarder", "detection", null);

    /// <summary>Whether a rule of this source is for alerts.</summary>
    public bool IsForAlerts => Contains(Alerts) && Product is not null && Service is not null;

    /// <summary>Whether a rule of this source is for events of another.</summary>
    public bool Reads(LogSource events) => events == Alerts ? IsForAlerts : Contains(events);

    /// <summary>Whether everything of <paramref name="other"/> is of this source too.</summary>
    public bool Contains(LogSource other) =>
        IsSame(Product, other.Product) && IsSame(Service, other.Service) && IsSame(Category, other.Category);

    private static bool IsSame(string? wanted, string? given) => wanted is null || wanted.Equals(given, StringComparison.OrdinalIgnoreCase);
}

/// <summary>What all kinds of rules say of themselves.</summary>
public sealed record RuleHead
{
    public required string Title { get; init; }

    /// <summary>The UUID of the file; null where it has none.</summary>
    public string? Id { get; init; }

    /// <summary>The name by which other rules know it, or null.</summary>
    public string? Name { get; init; }

    public RuleLevel Level { get; init; } = RuleLevel.Medium;

    public string? Description { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public IReadOnlyList<string> FalsePositives { get; init; } = [];

    /// <summary>What a realm must store for the rule to see anything: <c>admin_events</c>, <c>representation</c>, <c>geo</c>.</summary>
    public IReadOnlyList<string> Needs { get; init; } = [];

    /// <summary>Why the rule is loaded but not run (deprecated, unsupported); null for a rule that runs.</summary>
    public string? DisabledReason { get; init; }

    public LogSource LogSource { get; init; } = new(null, null, null);

    /// <summary>True where the rule names its fields as ECS does (<c>taxonomy: ecs</c>).</summary>
    public bool IsEcs { get; init; }

    /// <summary>The id of the rule in alerts: its UUID, else its name, else its title.</summary>
    public string Key => Id ?? Name ?? Title;

    /// <summary>Severity of an alert, 0 to 10 as in CEF.</summary>
    public int Severity => Level switch
    {
        RuleLevel.Informational => 1,
        RuleLevel.Low => 3,
        RuleLevel.Medium => 5,
        RuleLevel.High => 8,
        _ => 10,
    };

    /// <summary>The ATT&amp;CK techniques of the tags: <c>T1110.003</c>.</summary>
    public IEnumerable<string> Techniques =>
        from tag in Tags
        where tag.StartsWith("attack.t", StringComparison.OrdinalIgnoreCase) && tag.Length > 8 && char.IsAsciiDigit(tag[8])
        select tag[7..].ToUpperInvariant();

    /// <summary>The ATT&amp;CK tactics of the tags: <c>credential-access</c>, but no group as <c>attack.g0016</c>.</summary>
    public IEnumerable<string> Tactics =>
        from tag in Tags
        where tag.StartsWith("attack.", StringComparison.OrdinalIgnoreCase) && tag.Length > 8 && !char.IsAsciiDigit(tag[8])
        select tag[7..].ToLowerInvariant();
}
