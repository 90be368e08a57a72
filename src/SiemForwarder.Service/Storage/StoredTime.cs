namespace SiemForwarder.Service.Storage;

/// <summary>The current time as PostgreSQL stores it, in whole microseconds, so that it reads back unchanged.</summary>
internal static class StoredTime
{
    public static DateTimeOffset Now(TimeProvider time)
    {
        var now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
