using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>Options that take an instant, as people give it: written out in UTC, or as how long ago.</summary>
internal static class GivenTime
{
    /// <summary>What such an option takes, for its description.</summary>
    public const string Forms = "2026-01-31, 2026-01-31T08:30:00Z, or how long ago: 30m, 2h, 7d";

    /// <summary>An option that takes an instant.</summary>
    /// <param name="name">Its word, with dashes.</param>
    /// <param name="description">What the instant is.</param>
    public static Option<DateTimeOffset?> Create(string name, string description) => new(name)
    {
        Description = $"{description}: {Forms}.", HelpName = "TIME", CustomParser = Read,
    };

    /// <summary>An instant as a query takes it.</summary>
    public static string InQuery(DateTimeOffset at) => Uri.EscapeDataString(at.ToString("O", CultureInfo.InvariantCulture));

    private static DateTimeOffset? Read(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (FindAge(text) is { } age)
        {
            return TimeProvider.System.GetUtcNow() - age;
        }

        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
        {
            return at;
        }

        result.AddError($"'{text}' is no time: write it such as {Forms}.");
        return null;
    }

    private static TimeSpan? FindAge(string text) =>
        text.Length is < 2 or > 7 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? null
        : text[^1] switch
        {
            's' => TimeSpan.FromSeconds(count),
            'm' => TimeSpan.FromMinutes(count),
            'h' => TimeSpan.FromHours(count),
            'd' => TimeSpan.FromDays(Math.Min(count, 100_000)),
            _ => null,
        };
}
