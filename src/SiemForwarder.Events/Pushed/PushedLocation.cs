using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Pushed;

/// <summary>Reads the <c>location</c> of a pushed event.</summary>
internal static class PushedLocation
{
    private const int EarthRadiusKm = 6371;

    /// <summary>The object that the reader stands on; what is absent or out of range stays empty.</summary>
    /// <param name="reader">Stands on the object, and on its end afterwards.</param>
    /// <param name="json">The text that the reader reads.</param>
    /// <param name="isWhole">False where it has members that a location does not have.</param>
    public static EventLocation? Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, out bool isWhole)
    {
        var location = EventLocation.Nowhere;
        isWhole = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonText.ReadString(ref reader);
            reader.Read();
            switch (name)
            {
                case "city": location = location with { City = JsonText.ReadText(ref reader, json) }; break;
                case "region": location = location with { Region = JsonText.ReadText(ref reader, json) }; break;
                case "regionCode" or "region_code": location = location with { RegionCode = JsonText.ReadText(ref reader, json) }; break;
                case "country": location = location with { Country = JsonText.ReadText(ref reader, json) }; break;
                case "latitude" or "lat": location = location with { Latitude = Number(ref reader, 90) }; break;
                case "longitude" or "lon": location = location with { Longitude = Number(ref reader, 180) }; break;
                case "accuracyRadiusKm" or "accuracy_radius_km":
                    location = location with { AccuracyRadiusKm = (int?)Integer(ref reader, EarthRadiusKm) }; break;
                case "autonomousSystemNumber" or "autonomous_system_number":
                    location = location with { AutonomousSystemNumber = Integer(ref reader, uint.MaxValue) }; break;
                case "autonomousSystemOrganization" or "autonomous_system_organization":
                    location = location with { AutonomousSystemOrganization = JsonText.ReadText(ref reader, json) };
                    break;
                default: isWhole = false; reader.Skip(); break;
            }
        }

        return location == EventLocation.Nowhere ? null : location;
    }

    private static double? Number(ref Utf8JsonReader reader, double limit)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var number) && Math.Abs(number) <= limit)
        {
            return number;
        }

        reader.Skip();
        return null;
    }

    private static long? Integer(ref Utf8JsonReader reader, long limit) =>
        JsonText.ReadInteger(ref reader) is >= 0 and var number && number <= limit ? number : null;
}
