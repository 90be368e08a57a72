using SiemForwarder.Events;

namespace SiemForwarder.Service.Location;

/// <summary>Reads location fields from the records of city and network databases (with MaxMind's names, which other vendors follow).</summary>
internal static class LocationRecord
{
    /// <summary>The location that both records give together; <see cref="EventLocation.Nowhere"/> itself if they give none.</summary>
    public static EventLocation Combine(IReadOnlyDictionary<string, object>? city, IReadOnlyDictionary<string, object>? asn)
    {
        var region = (city?.GetValueOrDefault("subdivisions") as List<object>)?.FirstOrDefault() as Dictionary<string, object>;
        var place = Map(city, "location");
        var location = new EventLocation(
            Text(Map(Map(city, "city"), "names"), "en"),
            Text(Map(region, "names"), "en"),
            Text(region, "iso_code"),
            Text(Map(city, "country"), "iso_code"),
            Degrees(place, "latitude", 90),
            Degrees(place, "longitude", 180),
            Whole(place, "accuracy_radius") is >= 0 and <= 40_000 and var radius ? (int)radius : null,
            Whole(asn, "autonomous_system_number"),
            Text(asn, "autonomous_system_organization"));
        return location == EventLocation.Nowhere ? EventLocation.Nowhere : location;
    }

    private static IReadOnlyDictionary<string, object>? Map(IReadOnlyDictionary<string, object>? record, string name) =>
        record?.GetValueOrDefault(name) as Dictionary<string, object>;

    private static string? Text(IReadOnlyDictionary<string, object>? record, string name) =>
        record?.GetValueOrDefault(name) as string is { Length: > 0 } text ? text : null;

    // The format has integers of four widths.
    private static long? Whole(IReadOnlyDictionary<string, object>? record, string name) => record?.GetValueOrDefault(name) switch
    {
        int number => number,
        long number => number,
        ulong and <= long.MaxValue and var number => (long)number,
        _ => null,
    };

    private static double? Degrees(IReadOnlyDictionary<string, object>? place, string name, double most) =>
        place?.GetValueOrDefault(name) is double degrees && Math.Abs(degrees) <= most ? degrees : null;
}
