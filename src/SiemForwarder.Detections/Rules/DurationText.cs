using System.Globalization;
using SiemForwarder.Detections.Yaml;

namespace SiemForwarder.Detections.Rules;

/// <summary>Reads durations as Sigma writes them: a number with s, m, h or d.</summary>
internal static class DurationText
{
    private static readonly TimeSpan Max = TimeSpan.FromDays(3660);

    /// <summary>The duration below a key, the default where the key is missing, or null (refused).</summary>
    public static TimeSpan? Read(YamlMap map, string key, string path, RuleReading reading, TimeSpan? byDefault = null)
    {
        if (map.Find(key) is null && byDefault is not null)
        {
            return byDefault;
        }

        if (reading.ReadText(map, key, path, isNeeded: true) is not { } text)
        {
            return null;
        }

        if (Parse(text) is { } duration && duration > TimeSpan.Zero)
        {
            return duration;
        }

        reading.Refuse(RuleReading.Join(path, key), $"'{text}' is no duration; write a whole number with s, m, h or d, at most 3660d");
        return null;
    }

    /// <summary>The duration of a text; null where it is none.</summary>
    public static TimeSpan? Parse(string text)
    {
        if (text == "0")
        {
            return TimeSpan.Zero;
        }

        if (text.Length < 2 || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number > 366L * 24 * 3600 * 11)
        {
            return null;
        }

        TimeSpan? duration = text[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            'd' when number <= Max.Days => TimeSpan.FromDays(number),
            _ => null,
        };
        return duration > Max ? null : duration;
    }
}
