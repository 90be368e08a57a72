namespace SiemForwarder.Events;

/// <summary>Whether an integration wants an event, and if not, which rule of its filter says so.</summary>
/// <param name="IsWanted">True where the event is to be delivered.</param>
/// <param name="IsExcluded">True where <c>exclude</c> decided, false where <c>include</c> did.</param>
/// <param name="List">The list that decided: <c>types</c>; null where the event is wanted.</param>
/// <param name="Found">What the event has there: its type, its client …</param>
public readonly record struct FilterVerdict(bool IsWanted, bool IsExcluded, string? List, string? Found)
{
    public static readonly FilterVerdict Wanted = new(true, false, null, null);

    /// <summary>The reason in words, or null where the event is wanted: <c>type LOGIN is not in include.types</c>.</summary>
    public string? Reason
    {
        get
        {
            if (IsWanted)
            {
                return null;
            }

            var what = List switch
            {
                EventMatch.TypeList => "type",
                EventMatch.CategoryList => "category",
                EventMatch.OutcomeList => "outcome",
                EventMatch.SeverityBound => "severity",
                EventMatch.ClientList => "client",
                _ => "user",
            };
            var relation = List == EventMatch.SeverityBound
                ? IsExcluded ? "reaches" : "is below"
                : IsExcluded ? "is in" : "is not in";
            return $"{what} {Found ?? "(none)"} {relation} {(IsExcluded ? "exclude" : "include")}.{List}";
        }
    }
}
