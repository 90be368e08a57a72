namespace SiemForwarder.Events;

/// <summary>Whether an integration accepts an event, and if not, which rule of its filter decided.</summary>
/// <param name="IsWanted">True if the event is to be delivered.</param>
/// <param name="IsExcluded">True if <c>exclude</c> decided, false if <c>include</c> did.</param>
/// <param name="List">The list that decided: <c>types</c>; null if the event is wanted.</param>
/// <param name="Found">The event's value for it: its type, its client …</param>
public readonly record struct FilterVerdict(bool IsWanted, bool IsExcluded, string? List, string? Found)
{
    public static readonly FilterVerdict Wanted = new(true, false, null, null);

    /// <summary>The reason in words, or null if the event is wanted: <c>type LOGIN is not in include.types</c>.</summary>
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
