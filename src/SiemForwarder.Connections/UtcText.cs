using System.Globalization;

namespace SiemForwarder.Connections;

/// <summary>Formats instants for people, in UTC and without the zone, which the surrounding sentence names.</summary>
public static class UtcText
{
    /// <summary>To the minute: <c>2025-11-03 10:15</c>.</summary>
    public static string Minute(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    /// <summary>To the second: <c>2025-11-03 10:15:30</c>.</summary>
    public static string Second(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
