using System.Globalization;
using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Pushed;

/// <summary>Reads the instants that senders write: RFC 3339, epoch milliseconds, epoch seconds.</summary>
internal static class PushedTime
{
    // Below this a number is taken for seconds: as milliseconds it would be a day in 1973.
    private const long FirstPlausibleMillisecond = 100_000_000_000;

    /// <summary>The current value in epoch milliseconds; null where it is no instant.</summary>
    public static long? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String && DateTimeOffset.TryParse(
            JsonText.ReadString(ref reader), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant))
        {
            return instant.ToUnixTimeMilliseconds();
        }

        var time = JsonText.ReadInteger(ref reader);
        return time is > 0 and < FirstPlausibleMillisecond ? time * 1000 : time;
    }
}
