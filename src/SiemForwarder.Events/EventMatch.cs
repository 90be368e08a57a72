namespace SiemForwarder.Events;

/// <summary>One side of a filter: an event matches if it matches every non-empty list.</summary>
public sealed record EventMatch
{
    internal const string TypeList = "types";
    internal const string CategoryList = "categories";
    internal const string OutcomeList = "outcomes";
    internal const string SeverityBound = "minimumSeverity";
    internal const string ClientList = "clients";
    internal const string UserList = "users";

    /// <summary>Type names; a trailing <c>*</c> matches any ending, case-insensitive.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    /// <summary>ECS categories; an event matches by any of its categories.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary><c>success</c>, <c>failure</c> or <c>unknown</c>.</summary>
    public IReadOnlyList<string> Outcomes { get; init; } = [];

    /// <summary>0 to 10.</summary>
    public int? MinimumSeverity { get; init; }

    /// <summary>OAuth client ids; for admin events the internal id of the client.</summary>
    public IReadOnlyList<string> Clients { get; init; } = [];

    /// <summary>Names or ids of users who acted or were acted on.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    internal bool IsEmpty => FirstList().Length == 0;

    /// <summary>The first list that the event does not match, or null if it matches all.</summary>
    internal string? FindMiss(SecurityEvent securityEvent)
    {
        var actor = securityEvent.Actor;
        var subject = securityEvent.Subject;
        return !MatchesType(securityEvent.Type) ? TypeList
            : !MatchesCategory(securityEvent.Description) ? CategoryList
            : Outcomes.Count > 0 && !Contains(Outcomes, OutcomeName(securityEvent.Outcome)) ? OutcomeList
            : securityEvent.Severity < MinimumSeverity ? SeverityBound
            : Clients.Count > 0 && !Contains(Clients, securityEvent.ClientId) && !Contains(Clients, actor?.ClientId) ? ClientList
            : Users.Count > 0 && !MatchesUser(actor) && !MatchesUser(subject) ? UserList
            : null;
    }

    /// <summary>The first non-empty list, or an empty text.</summary>
    internal string FirstList() =>
        Types.Count > 0 ? TypeList
        : Categories.Count > 0 ? CategoryList
        : Outcomes.Count > 0 ? OutcomeList
        : MinimumSeverity is not null ? SeverityBound
        : Clients.Count > 0 ? ClientList
        : Users.Count > 0 ? UserList
        : "";

    internal static string OutcomeName(EventOutcome outcome) => outcome switch
    {
        EventOutcome.Success => "success",
        EventOutcome.Failure => "failure",
        _ => "unknown",
    };

    private bool MatchesType(string type)
    {
        for (var index = 0; index < Types.Count; index++)
        {
            var wanted = Types[index].AsSpan();
            if (wanted.EndsWith("*") ? type.AsSpan().StartsWith(wanted[..^1], StringComparison.OrdinalIgnoreCase)
                : wanted.Equals(type, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return Types.Count == 0;
    }

    private bool MatchesCategory(EventDescription description)
    {
        var found = Categories.Count == 0 || Contains(Categories, description.Category);
        for (var index = 0; !found && index < description.Classification.EcsCategories.Count; index++)
        {
            found = Contains(Categories, description.Classification.EcsCategories[index]);
        }

        return found;
    }

    private bool MatchesUser(EventParty? party) => party is not null && (Contains(Users, party.Name) || Contains(Users, party.Id));

    private static bool Contains(IReadOnlyList<string> list, string? text)
    {
        for (var index = 0; text is not null && index < list.Count; index++)
        {
            if (string.Equals(list[index], text, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
