namespace SiemForwarder.Events;

/// <summary>The location of an address, as far as known; every member may be unknown.</summary>
/// <param name="City">Name of the city.</param>
/// <param name="Region">Name of the region.</param>
/// <param name="RegionCode">ISO 3166-2 code of the region, without the country part.</param>
/// <param name="Country">ISO 3166-1 code of the country: <c>DE</c>; or its name, if the sender uses names.</param>
/// <param name="Latitude">Degrees north, -90 to 90.</param>
/// <param name="Longitude">Degrees east, -180 to 180.</param>
/// <param name="AccuracyRadiusKm">Radius in kilometres around the coordinates.</param>
/// <param name="AutonomousSystemNumber">Number of the network.</param>
/// <param name="AutonomousSystemOrganization">Operator of the network.</param>
public sealed record EventLocation(
    string? City,
    string? Region,
    string? RegionCode,
    string? Country,
    double? Latitude,
    double? Longitude,
    int? AccuracyRadiusKm,
    long? AutonomousSystemNumber,
    string? AutonomousSystemOrganization)
{
    public static readonly EventLocation Nowhere = new(null, null, null, null, null, null, null, null, null);
}
