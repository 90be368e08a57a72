namespace SiemForwarder.Events;

/// <summary>Which events an integration accepts: those that match <c>include</c> (or all) and do not match <c>exclude</c>.</summary>
public sealed record EventFilter(EventMatch? Include, EventMatch? Exclude)
{
    public static readonly EventFilter Everything = new(null, null);

    /// <summary>Decides whether the event is wanted; does not allocate, the words of a refusal are composed on demand.</summary>
    public FilterVerdict Evaluate(SecurityEvent securityEvent)
    {
        ArgumentNullException.ThrowIfNull(securityEvent);
        if (Include is { } include && include.FindMiss(securityEvent) is { } missed)
        {
            return new(IsWanted: false, IsExcluded: false, missed, Found(missed, securityEvent));
        }

        if (Exclude is { IsEmpty: false } exclude && exclude.FindMiss(securityEvent) is null)
        {
            var decisive = exclude.FirstList();
            return new(IsWanted: false, IsExcluded: true, decisive, Found(decisive, securityEvent));
        }

        return FilterVerdict.Wanted;
    }

    private static string? Found(string list, SecurityEvent securityEvent) => list switch
    {
        EventMatch.TypeList => securityEvent.Type,
        EventMatch.CategoryList => securityEvent.Description.Category,
        EventMatch.OutcomeList => EventMatch.OutcomeName(securityEvent.Outcome),
        EventMatch.SeverityBound => SeverityName(securityEvent.Severity),
        EventMatch.ClientList => securityEvent.ClientId ?? securityEvent.Actor?.ClientId,
        _ => securityEvent.Actor?.Name ?? securityEvent.Actor?.Id ?? securityEvent.Subject?.Name ?? securityEvent.Subject?.Id,
    };

    private static string SeverityName(int severity) => severity.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
