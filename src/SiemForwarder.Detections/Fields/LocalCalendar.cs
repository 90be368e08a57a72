namespace SiemForwarder.Detections.Fields;

/// <summary>The zone and the working hours of a source: what <c>local.*</c> means there.</summary>
/// <remarks>Each instant is converted by the IANA zone, so a local hour that a zone skips never occurs and one that it repeats occurs twice.</remarks>
public sealed record LocalCalendar
{
    /// <summary>UTC, Monday to Friday, 08:00 to 18:00, no holidays.</summary>
    public static readonly LocalCalendar Utc = new();

    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    public IReadOnlySet<DayOfWeek> WorkingDays { get; init; } =
        new HashSet<DayOfWeek> { DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Friday };

    /// <summary>Beginning of the working hours, local time.</summary>
    public TimeOnly From { get; init; } = new(8, 0);

    /// <summary>End of the working hours, local time; the minute itself is outside.</summary>
    public TimeOnly To { get; init; } = new(18, 0);

    public IReadOnlySet<DateOnly> Holidays { get; init; } = new HashSet<DateOnly>();

    public DateTimeOffset At(DateTimeOffset instant) => TimeZoneInfo.ConvertTime(instant, Zone);

    public bool IsBusiness(DateTimeOffset instant)
    {
        var local = At(instant);
        var time = TimeOnly.FromTimeSpan(local.TimeOfDay);
        return WorkingDays.Contains(local.DayOfWeek) && time >= From && time < To && !Holidays.Contains(DateOnly.FromDateTime(local.DateTime));
    }

    /// <summary>The instant itself within working hours, else the first minute of the next ones; null where none come within a year.</summary>
    public DateTimeOffset? NextBusiness(DateTimeOffset instant)
    {
        if (IsBusiness(instant))
        {
            return instant;
        }

        var start = At(instant);
        for (var day = 0; day <= 366; day++)
        {
            var date = start.Date.AddDays(day) + From.ToTimeSpan();
            var opening = Zone.IsInvalidTime(date) ? date.AddHours(1) : date;
            var candidate = new DateTimeOffset(opening, Zone.GetUtcOffset(opening));
            if (candidate > instant && IsBusiness(candidate))
            {
                return candidate.ToUniversalTime();
            }
        }

        return null;
    }
}
