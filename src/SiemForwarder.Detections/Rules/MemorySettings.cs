namespace SiemForwarder.Detections.Rules;

/// <summary>What a rule remembers of events before, by its <c>forwarder:</c> map; a file without it stays plain Sigma.</summary>
internal abstract record MemorySettings
{
    /// <summary>The fields whose values tell one group from another.</summary>
    public required IReadOnlyList<GroupField> Per { get; init; }

    /// <summary>Name or id of the rule whose events it waits for; null for none.</summary>
    public virtual string? OtherRule => null;
}

/// <summary><c>first_seen</c>: a value that this entity never had, or an entity that was silent for long.</summary>
/// <param name="Field">The field of the value; null with <paramref name="SilenceBefore"/>.</param>
/// <param name="Memory">After so long a value is new again.</param>
/// <param name="Learn">How long an entity and the rule are watched before the first hit.</param>
/// <param name="MinEvents">Earlier events of the entity that a hit needs.</param>
/// <param name="SilenceBefore">Hit where the last event of the entity is older than that.</param>
internal sealed record FirstSeenSettings(GroupField? Field, TimeSpan Memory, TimeSpan Learn, int MinEvents, TimeSpan? SilenceBefore) : MemorySettings;

/// <summary><c>travel</c>: two places too far apart for the time between them.</summary>
/// <param name="SpeedKmPerHour">What a traveller reaches.</param>
/// <param name="MinKm">Nearer places never hit.</param>
/// <param name="Memory">How long a place is remembered.</param>
/// <param name="ExemptSlot">The field that tells addresses of VPNs and satellites (<c>ip.list.travel_exempt</c>).</param>
internal sealed record TravelSettings(double SpeedKmPerHour, double MinKm, TimeSpan Memory, int ExemptSlot) : MemorySettings;

/// <summary><c>unless</c>: this event without that other one before it.</summary>
internal sealed record UnlessSettings(string Rule, TimeSpan Within) : MemorySettings
{
    public override string? OtherRule => Rule;
}

/// <summary><c>missing</c>: this event, and that other one does not follow.</summary>
internal sealed record MissingSettings(string Rule, TimeSpan Within) : MemorySettings
{
    public override string? OtherRule => Rule;
}

/// <summary><c>silence</c>: no event for so long, after there was one.</summary>
/// <param name="For">How long.</param>
/// <param name="DuringBusiness">True where only working hours of the source count.</param>
internal sealed record SilenceSettings(TimeSpan For, bool DuringBusiness) : MemorySettings;

/// <summary><c>baseline</c>: much more in one bucket of time than the median of those before.</summary>
/// <param name="Count">What is counted.</param>
/// <param name="Field">The field to count by; null for events.</param>
/// <param name="Bucket">Length of a bucket; buckets begin at multiples of it since 1970.</param>
/// <param name="BucketCount">Buckets of history.</param>
/// <param name="Factor">How many times the baseline.</param>
/// <param name="Minimum">Counts below it never hit.</param>
/// <param name="Season">With which buckets one is compared.</param>
internal sealed record BaselineSettings(
    BaselineCount Count, GroupField? Field, TimeSpan Bucket, int BucketCount, double Factor, int Minimum, BaselineSeason Season) : MemorySettings;

/// <summary>What a baseline counts.</summary>
internal enum BaselineCount
{
    Events,
    Distinct,
    Sum,
}

/// <summary>Which buckets of the history are compared with the current one.</summary>
internal enum BaselineSeason
{
    None,
    HourOfDay,
    HourOfWeek,
}
