using System.Text;
using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Evidence;

/// <summary>What an event search asks of the index, as SQL.</summary>
internal static class SearchSql
{
    private static readonly TimeSpan DefaultSpan = TimeSpan.FromHours(24);

    private const string IsUser = "(lower(user_id) = {0} OR lower(user_name) = {0})";

    // In a database with the locale C, lower() only handles ASCII.
    private const string IsUserBeyondAscii = "(lower(user_id) IN ({0}, lower({0})) OR lower(user_name) IN ({0}, lower({0})))";

    /// <summary>The time range of a search, with defaults filled in.</summary>
    public static SearchWindow WindowOf(EventCriteria query, SearchTerms terms, DateTimeOffset now) =>
        new(terms.ByReceipt ? "receipt" : "event", (query.From ?? DayBefore(query.To ?? now)).ToUniversalTime(), query.To?.ToUniversalTime());

    /// <summary>The column that the times of a search refer to.</summary>
    public static string ColumnOf(SearchTerms terms) => terms.ByReceipt ? "received_at" : "occurred_at";

    /// <summary>Whether a search asks for a user, a client, a session or an address, which have an index of their own.</summary>
    public static bool HasTerm(EventCriteria query, SearchTerms terms) => query is not { Client: null, Session: null, User: null } || terms.IsOneAddress;

    /// <summary>The condition and its parameters, from $1.</summary>
    /// <param name="query">What is searched for.</param>
    /// <param name="terms">Its validated parts.</param>
    /// <param name="window">The time range.</param>
    /// <param name="byTerm">Whether the index of users, clients, sessions and addresses may be used; without it events are read one after the other.</param>
    public static (string Where, List<object> Parameters) Where(EventCriteria query, SearchTerms terms, SearchWindow window, bool byTerm = true)
    {
        var column = ColumnOf(terms);
        var parameters = new List<object> { window.From };
        var conditions = new List<string> { $"{column} >= $1", $"source_id IN (SELECT id FROM {ConfigurationTables.Sources} s)" };
        Add(window.To, $"{column} < {{0}}");
        Add(query.Source, "source_id = {0}");
        Add(terms.Category, "category = {0}");
        AddTerm(query.Client, "client_id = {0}", $"{LogTables.TermsOfEvent} @> ARRAY[hashtext({{0}})]");
        AddTerm(query.Session, "session_id = {0}", $"{LogTables.TermsOfEvent} @> ARRAY[hashtext({{0}})]");

        // To read an address takes long: first what is quick tells most of the others apart.
        Add(terms.AddressPattern, terms.IsLike);
        AddTerm(terms.Network, terms.IsInNetwork, terms.IsOneAddress ? $"{LogTables.TermsOfEvent} @> ARRAY[hashtext(host({{0}}::inet))]" : null);
        AddTerm(
            query.User?.ToLowerInvariant(), query.User is { } user && Ascii.IsValid(user) ? IsUser : IsUserBeyondAscii,
            $"{LogTables.TermsOfEvent} && ARRAY[hashtext({{0}}), hashtext(lower({{0}}))]");
        Add(query.Outcome is null ? null : (short)OutcomeOf(query.Outcome), "outcome = {0}");
        if (query.Type is { Length: > 1 } type && type.EndsWith('*'))
        {
            Add(LikePattern.Escape(type[..^1]) + "%", "type LIKE {0}");
        }
        else
        {
            Add(query.Type, "type = {0}");
        }

        return (string.Join(" AND ", conditions), parameters);

        // To the planner the two say different things, so it would expect far too few events; of what a CASE says it expects nothing.
        void AddTerm(string? value, string condition, string? term) =>
            Add(value, byTerm && term is not null ? $"CASE WHEN {condition} THEN true END AND {term}" : condition);

        void Add(object? value, string condition)
        {
            if (value is not null)
            {
                parameters.Add(value);
                conditions.Add(condition.Replace("{0}", $"${parameters.Count}", StringComparison.Ordinal));
            }
        }
    }

    // There is no day before the first day of the calendar.
    private static DateTimeOffset DayBefore(DateTimeOffset end) => end.UtcTicks > DefaultSpan.Ticks ? end - DefaultSpan : DateTimeOffset.MinValue;

    private static EventOutcome OutcomeOf(string text) => Enum.TryParse<EventOutcome>(text, ignoreCase: true, out var outcome) ? outcome : EventOutcome.Unknown;

    /// <summary>Parameters of their own for each statement.</summary>
    public static NpgsqlParameter[] Copies(List<object> parameters) => [.. parameters.Select(value => new NpgsqlParameter { Value = value })];
}
