namespace SiemForwarder.EndToEnd.Support;

/// <summary>A clock that always shows the same time of day.</summary>
internal sealed class StoppedClock(DateTimeOffset now) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => now;
}
