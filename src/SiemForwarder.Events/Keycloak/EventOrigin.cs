namespace SiemForwarder.Events.Keycloak;

/// <summary>What the log knows of an event besides its bytes.</summary>
internal readonly record struct EventOrigin(
    ReadOnlyMemory<byte> Raw, EventKey Key, EventSource Source, long Position, long OccurredAtMs, DateTimeOffset ReceivedAt, UserNames? Names = null)
{
    /// <summary>The type of an event that does not say what it is.</summary>
    public const string UnknownType = "UNKNOWN";

    private const long FirstMillisecond = -62_135_596_800_000;
    private const long LastMillisecond = 253_402_300_799_999;

    /// <summary>The JSON without a byte order mark.</summary>
    public ReadOnlySpan<byte> Json => Raw.Span.StartsWith("\uFEFF"u8) ? Raw.Span[3..] : Raw.Span;

    /// <summary>The instant that the event names, or the one the log knows where it names none that a calendar has.</summary>
    /// <param name="time">Epoch milliseconds, or null.</param>
    public DateTimeOffset At(long? time)
    {
        var milliseconds = time is >= FirstMillisecond and <= LastMillisecond ? time.Value : OccurredAtMs;
        return DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(milliseconds, FirstMillisecond, LastMillisecond));
    }

    /// <summary>Whether a calendar has this instant.</summary>
    /// <param name="time">Epoch milliseconds.</param>
    public static bool IsInstant(long time) => time is >= FirstMillisecond and <= LastMillisecond;

    /// <summary>The id that the event has, or the key in its place.</summary>
    public string IdOr(string? id) => string.IsNullOrEmpty(id) ? Key.ToString() : id;

    /// <summary>The id that an event of Keycloak was pushed with, or null where its key was made of something else: so pushed and pulled have one id.</summary>
    public string? IdIfKey(string? id) => !string.IsNullOrEmpty(id) && EventKey.FromId(id) == Key ? id : null;

    /// <summary>The same origin in the realm that the event names, where it names another one than the source.</summary>
    public EventOrigin InRealm(string? realm) =>
        string.IsNullOrEmpty(realm) || realm == Source.Realm ? this : this with { Source = Source with { Realm = realm } };
}
