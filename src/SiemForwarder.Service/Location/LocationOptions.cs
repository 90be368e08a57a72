namespace SiemForwarder.Service.Location;

/// <summary>Which files say where addresses are; section <c>Forwarder:Location</c>. Without a file events carry no location.</summary>
internal sealed class LocationOptions
{
    public const string Section = "Forwarder:Location";

    /// <summary>MMDB file of cities (GeoLite2-City, DB-IP City …).</summary>
    public string? CityDatabase { get; set; }

    /// <summary>MMDB file of networks (GeoLite2-ASN …).</summary>
    public string? AsnDatabase { get; set; }

    /// <summary>How often it is looked whether a file was replaced.</summary>
    public TimeSpan CheckInterval { get; set; } = TimeSpan.FromSeconds(30);
}
