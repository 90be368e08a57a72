using System.Buffers.Text;
using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Pushed;

/// <summary>Reads the <c>location</c> of a pushed event.</summary>
internal static class PushedLocation
{
    private const int EarthRadiusKm = 6371;

    /// <summary>The object that the cursor stands on; what is absent or out of range stays empty.</summary>
    /// <param name="cursor">Stands on the object, and behind it afterwards.</param>
    /// <param name="isWhole">False where it has members that a location does not have.</param>
    public static EventLocation? Read(ref JsonCursor cursor, out bool isWhole)
    {
        var location = EventLocation.Nowhere;
        isWhole = true;
        cursor.Enter();
        while (cursor.NextMember())
        {
            switch (Utf8StringPool.GetString(cursor.Name))
            {
                case "city": location = location with { City = cursor.ReadText() }; break;
                case "region": location = location with { Region = cursor.ReadText() }; break;
                case "regionCode" or "region_code": location = location with { RegionCode = cursor.ReadText() }; break;
                case "country": location = location with { Country = cursor.ReadText() }; break;
                case "latitude" or "lat": location = location with { Latitude = Number(cursor, 90) }; break;
                case "longitude" or "lon": location = location with { Longitude = Number(cursor, 180) }; break;
                case "accuracyRadiusKm" or "accuracy_radius_km":
                    location = location with { AccuracyRadiusKm = (int?)Integer(cursor, EarthRadiusKm) }; break;
                case "autonomousSystemNumber" or "autonomous_system_number":
                    location = location with { AutonomousSystemNumber = Integer(cursor, uint.MaxValue) }; break;
                case "autonomousSystemOrganization" or "autonomous_system_organization":
                    location = location with { AutonomousSystemOrganization = cursor.ReadText() };
                    break;
                default: isWhole = false; break;
            }
        }

        return location == EventLocation.Nowhere ? null : location;
    }

    private static double? Number(in JsonCursor cursor, double limit) =>
        cursor.Kind == JsonTokenType.Number && Utf8Parser.TryParse(cursor.Value, out double number, out _) && Math.Abs(number) <= limit ? number : null;

    private static long? Integer(in JsonCursor cursor, long limit) => cursor.ReadInteger() is >= 0 and var number && number <= limit ? number : null;
}
