namespace SiemForwarder.Service.Storage;

/// <summary>The present time as PostgreSQL keeps it, in whole microseconds, so that what was just stored reads the same later.</summary>
internal static class StoredTime
{
    public static DateTimeOffset Now(TimeProvider time)
    {
        var now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
