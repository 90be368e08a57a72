namespace SiemForwarder.Service.Location;

/// <summary>Databases that map addresses to locations; section <c>Forwarder:Location</c>. Without one, events carry no location.</summary>
internal sealed class LocationOptions
{
    public const string Section = "Forwarder:Location";

    /// <summary>MMDB file of cities (GeoLite2-City, DB-IP City …).</summary>
    public string? CityDatabase { get; set; }

    /// <summary>MMDB file of networks (GeoLite2-ASN …).</summary>
    public string? AsnDatabase { get; set; }

    /// <summary>How often the files are checked for a replacement.</summary>
    public TimeSpan CheckInterval { get; set; } = TimeSpan.FromSeconds(30);
}
