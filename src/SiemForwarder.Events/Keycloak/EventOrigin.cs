namespace SiemForwarder.Events.Keycloak;

/// <summary>What the log knows about an event besides its bytes.</summary>
internal readonly record struct EventOrigin(
    ReadOnlyMemory<byte> Raw, EventKey Key, EventSource Source, long Position, long OccurredAtMs, DateTimeOffset ReceivedAt, UserNames? Names = null)
{
    /// <summary>The type of an event that does not state one.</summary>
    public const string UnknownType = "UNKNOWN";

    [ThreadStatic]
    private static (EventSource? Source, EventSource? Named) lastNamed;

    private const long FirstMillisecond = -62_135_596_800_000;
    private const long LastMillisecond = 253_402_300_799_999;

    /// <summary>The JSON without a byte order mark.</summary>
    public ReadOnlySpan<byte> Json => Raw.Span.StartsWith("\uFEFF"u8) ? Raw.Span[3..] : Raw.Span;

    /// <summary>The event's own time, or the one known to the log if the event has none or one outside the calendar.</summary>
    /// <param name="time">Epoch milliseconds, or null.</param>
    public DateTimeOffset At(long? time)
    {
        var milliseconds = time is >= FirstMillisecond and <= LastMillisecond ? time.Value : OccurredAtMs;
        return DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(milliseconds, FirstMillisecond, LastMillisecond));
    }

    /// <summary>Whether an instant is within the calendar.</summary>
    /// <param name="time">Epoch milliseconds.</param>
    public static bool IsInstant(long time) => time is >= FirstMillisecond and <= LastMillisecond;

    /// <summary>The event's own id, or the key if it has none.</summary>
    public string IdOr(string? id) => string.IsNullOrEmpty(id) ? Key.ToString() : id;

    /// <summary>The id with which a Keycloak event was pushed, or null if its key has another origin: pushed and pulled events thus share one id.</summary>
    public string? IdIfKey(string? id) => !string.IsNullOrEmpty(id) && (Key.IsPrintedAs(id) || EventKey.FromId(id) == Key) ? id : null;

    /// <summary>The same origin in the realm named by the event, if that differs from the source's.</summary>
    public EventOrigin InRealm(string? realm)
    {
        if (string.IsNullOrEmpty(realm) || realm == Source.Realm)
        {
            return this;
        }

        // The events of an inbox that several realms push to mostly come in runs.
        var (source, named) = lastNamed;
        if (!ReferenceEquals(source, Source) || named!.Realm != realm)
        {
            named = Source with { Realm = realm };
            lastNamed = (Source, named);
        }

        return this with { Source = named! };
    }
}
