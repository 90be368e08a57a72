using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace SiemForwarder.Simulator;

/// <summary>Parses the query of the events API like each tier, or returns the error that the tier would.</summary>
internal static class QueryParameters
{
    public static (RowQuery Query, int Status, string Error) Read(IQueryCollection parameters, SimulatedTier tier, TimeZoneInfo zone)
    {
        if (!TryReadNumber(parameters["first"], 0, out var first) || !TryReadNumber(parameters["max"], 100, out var max))
        {
            return (default, 404, "HTTP 404 Not Found");
        }

        if (parameters.ContainsKey("type") && parameters["type"].Any(type => !SimulatedEventTypes.All.Contains(type)))
        {
            return (default, 500, "unknown_error");
        }

        var direction = parameters["direction"].ToString();
        if (tier == SimulatedTier.WithIds && direction is not ("" or "asc" or "desc"))
        {
            return (default, 400, "Invalid value for sortDirection, expected value is asc or desc");
        }

        if (!TryReadDate(parameters, "dateFrom", tier, zone, out var from) || !TryReadDate(parameters, "dateTo", tier, zone, out var to))
        {
            var name = TryReadDate(parameters, "dateFrom", tier, zone, out _) ? "dateTo" : "dateFrom";
            return (default, 400, tier == SimulatedTier.WithIds
                ? $"Invalid value for '{name}', expected format is yyyy-MM-dd or an Epoch timestamp"
                : $"Invalid value for 'Date({name[4..]})', expected format is yyyy-MM-dd");
        }

        var ascending = tier == SimulatedTier.WithIds && direction == "asc";
        return (new RowQuery(from ?? long.MinValue, to ?? long.MaxValue, ascending, Math.Max(0, first), max), 200, "");
    }

    private static bool TryReadNumber(string? text, int otherwise, out int number)
    {
        number = otherwise;
        return string.IsNullOrEmpty(text) || int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
    }

    private static bool TryReadDate(IQueryCollection parameters, string name, SimulatedTier tier, TimeZoneInfo zone, out long? timeMs)
    {
        timeMs = null;
        if (!parameters.ContainsKey(name))
        {
            return true;
        }

        var text = parameters[name].ToString();
        if (tier == SimulatedTier.WithIds)
        {
            if (text.Length == 0)
            {
                return true;
            }

            if (!text[1..].Contains('-'))
            {
                var isNumber = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var epoch);
                timeMs = epoch;
                return isNumber;
            }
        }

        var parts = text.Split('-', 'T');
        if (parts.Length < 3 || !parts.Take(3).All(part => part.Length is > 0 and < 5 && part.All(char.IsAsciiDigit)))
        {
            return false;
        }

        // 24.0 parses days leniently: the 45th of the 13th month is also a day.
        var numbers = parts.Take(3).Select(part => int.Parse(part, CultureInfo.InvariantCulture)).ToArray();
        var day = new DateTime(Math.Max(1, numbers[0]), 1, 1).AddMonths(numbers[1] - 1).AddDays(numbers[2] - 1);
        if (tier == SimulatedTier.WithIds)
        {
            var start = new DateTimeOffset(day, TimeSpan.Zero).ToUnixTimeMilliseconds();
            timeMs = name == "dateTo" ? start + 86_399_999 : start;
            return true;
        }

        timeMs = new DateTimeOffset(day, zone.GetUtcOffset(day)).ToUnixTimeMilliseconds();
        return true;
    }
}
