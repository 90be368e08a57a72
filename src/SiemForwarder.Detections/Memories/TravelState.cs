using SiemForwarder.Detections.Rules;
using SiemForwarder.Detections.State;

namespace SiemForwarder.Detections.Memories;

/// <summary><c>travel</c>: hits where an entity is at two places that nobody reaches in the time between.</summary>
internal sealed class TravelState(DetectionRule rule, TravelSettings settings, EngineOptions options)
    : RuleState(rule, [.. settings.Per.Select(field => field.Name)], options)
{
    private const int MaxPlaces = 5;
    private const double EarthRadiusKm = 6371.0088;
    private const double HourMs = 3_600_000;

    private readonly long memoryMs = (long)settings.Memory.TotalMilliseconds;
    private readonly EntityStore<Places> entities = new(options.MaxEntities, places => places.Count == 0 ? long.MinValue : places[^1].Mark.At);

    private readonly record struct Place(EventMark Mark, double Latitude, double Longitude, double RadiusKm, string Ip, PartyPrint Parties);

    // By time.
    private sealed class Places : List<Place>;

    public override int GroupCount => entities.Count;

    public override void Follow(Occasion occasion)
    {
        var securityEvent = occasion.Fields!.Event;
        if (securityEvent.Location is not { Latitude: { } latitude, Longitude: { } longitude } location || securityEvent.IpAddress is not { } ip
            || occasion.Fields[settings.ExemptSlot].Text == "true")
        {
            return;
        }

        if (!occasion.WriteKey(rule.Alerts.Scope, settings.Per))
        {
            CountUngrouped();
            return;
        }

        var places = entities.FindOrAdd(occasion.Key.Written, out var key, out var evicted);
        CountEvicted(evicted, occasion.Mark.At);
        var place = new Place(occasion.Mark, latitude, longitude, location.AccuracyRadiusKm ?? 0, GroupKey.Bound(ip), occasion.PartyPrint);
        var index = places.FindIndex(one => one.Mark.Against(place.Mark) > 0);
        index = index < 0 ? places.Count : index;
        if (index > 0)
        {
            Compare(occasion, key, places[index - 1], place);
        }

        if (index < places.Count)
        {
            Compare(occasion, key, place, places[index]);
        }

        places.Insert(index, place);
        if (places.Count > MaxPlaces)
        {
            places.RemoveAt(0);
        }
    }

    protected override void WriteMemory(SnapshotWriter writer) => entities.WriteTo(writer, places =>
    {
        writer.Write(places.Count);
        foreach (var place in places)
        {
            writer.Write(place.Mark);
            writer.Write(place.Latitude);
            writer.Write(place.Longitude);
            writer.Write(place.RadiusKm);
            writer.Write(place.Ip);
            place.Parties.WriteTo(writer);
        }
    });

    protected override void ReadMemory(SnapshotReader reader) => entities.ReadFrom(reader, () =>
    {
        var places = new Places();
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            places.Add(new Place(
                reader.ReadMark(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadString(), PartyPrint.ReadFrom(reader)));
        }

        return places;
    });

    private void Compare(Occasion occasion, string key, in Place earlier, in Place later)
    {
        var apartMs = Math.Max(later.Mark.At - earlier.Mark.At, 1000);
        if (apartMs > memoryMs || earlier.Ip == later.Ip)
        {
            return;
        }

        var distance = DistanceKm(earlier, later) - earlier.RadiusKm - later.RadiusKm;
        var speed = distance / (apartMs / HourMs);
        var agreed = earlier.Parties.Shared(later.Parties);
        if (distance < settings.MinKm || speed <= settings.SpeedKmPerHour || !Hits(occasion, key, occasion.Mark, agreed, out var suppressed))
        {
            return;
        }

        // The pair hits once, whichever of the two came last.
        string[] pair = [AlertId.Part(earlier.Mark), AlertId.Part(later.Mark)];
        Array.Sort(pair, StringComparer.Ordinal);
        var evidence = new Evidence(occasion.Mark, [earlier.Mark, later.Mark], Parties.Values(occasion.Event, agreed));
        Tell(occasion, key, evidence, Math.Round(speed), suppressed, pair);
    }

    // Haversine, on a sphere: off by half a percent at most.
    private static double DistanceKm(in Place one, in Place other)
    {
        var latitude = double.DegreesToRadians(other.Latitude - one.Latitude);
        var longitude = double.DegreesToRadians(other.Longitude - one.Longitude);
        var half = Math.Pow(Math.Sin(latitude / 2), 2)
            + (Math.Cos(double.DegreesToRadians(one.Latitude)) * Math.Cos(double.DegreesToRadians(other.Latitude)) * Math.Pow(Math.Sin(longitude / 2), 2));
        return 2 * EarthRadiusKm * Math.Asin(Math.Min(1, Math.Sqrt(half)));
    }
}
