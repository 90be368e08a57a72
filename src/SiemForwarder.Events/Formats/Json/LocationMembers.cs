namespace SiemForwarder.Events.Formats.Json;

/// <summary>Writes the location of an address, using the names of each schema that supports it.</summary>
internal static class LocationMembers
{
    /// <summary>ECS: <c>source.geo</c> and <c>source.as</c>; the object <c>source</c> is open.</summary>
    public static void WriteEcs(EventLocation? location, JsonMembers json)
    {
        if (location is null || json.IsScarce)
        {
            return;
        }

        json.Open("geo"u8);
        json.Text("city_name"u8, location.City, Worth.Context);
        json.Text("region_name"u8, location.Region, Worth.Context);
        json.Text("region_iso_code"u8, location is { RegionCode: not null, Country.Length: 2 } ? location.RegionCode : null, Worth.Context);
        json.Text(location.Country is { Length: 2 } ? "country_iso_code"u8 : "country_name"u8, location.Country, Worth.Context);
        WriteCoordinates("location"u8, location, json);
        json.Close();
        if (location.AutonomousSystemNumber is { } number)
        {
            json.Open("as"u8);
            json.Number("number"u8, number, Worth.Context);
            if (location.AutonomousSystemOrganization is { Length: > 0 } organization)
            {
                json.Open("organization"u8);
                json.Text("name"u8, organization, Worth.Context);
                json.Close();
            }

            json.Close();
        }
    }

    /// <summary>OCSF: <c>location</c> and <c>autonomous_system</c>; the object <c>src_endpoint</c> is open.</summary>
    public static void WriteOcsf(EventLocation? location, JsonMembers json)
    {
        if (location is null || json.IsScarce)
        {
            return;
        }

        json.Open("location"u8);
        json.Text("city"u8, location.City, Worth.Context);
        json.Text("region"u8, location.Region, Worth.Context);
        json.Text("country"u8, location.Country, Worth.Context);
        if (location is { Latitude: { } latitude, Longitude: { } longitude })
        {
            json.Number("lat"u8, (double?)latitude);
            json.Number("long"u8, (double?)longitude);
        }

        json.Close();
        if (location.AutonomousSystemNumber is { } number)
        {
            json.Open("autonomous_system"u8);
            json.Number("number"u8, number, Worth.Context);
            json.Text("name"u8, location.AutonomousSystemOrganization, Worth.Context);
            json.Close();
        }
    }

    /// <summary>ASIM: <c>SrcGeoCity</c> and similar fields, in all of its schemas.</summary>
    public static void WriteAsim(EventLocation? location, JsonMembers json)
    {
        if (location is null || json.IsScarce)
        {
            return;
        }

        json.Text("SrcGeoCity"u8, location.City, Worth.Context);
        json.Text("SrcGeoRegion"u8, location.Region, Worth.Context);
        json.Text("SrcGeoCountry"u8, location.Country, Worth.Context);
        if (location is { Latitude: { } latitude, Longitude: { } longitude })
        {
            json.Number("SrcGeoLatitude"u8, (double?)latitude);
            json.Number("SrcGeoLongitude"u8, (double?)longitude);
        }
    }

    /// <summary>UDM: the <c>location</c> of the open noun.</summary>
    public static void WriteUdm(EventLocation? location, JsonMembers json)
    {
        if (location is null || json.IsScarce)
        {
            return;
        }

        json.Open("location"u8);
        json.Text("city"u8, location.City, Worth.Context);
        json.Text("state"u8, location.Region, Worth.Context);
        json.Text("countryOrRegion"u8, location.Country, Worth.Context);
        if (location is { Latitude: { } latitude, Longitude: { } longitude })
        {
            json.Open("regionCoordinates"u8, Worth.Context);
            json.Number("latitude"u8, (double?)latitude);
            json.Number("longitude"u8, (double?)longitude);
            json.Close();
        }

        json.Close();
    }

    // A geo_point as an array: longitude first, as in GeoJSON.
    private static void WriteCoordinates(ReadOnlySpan<byte> name, EventLocation location, JsonMembers json)
    {
        if (location is { Latitude: { } latitude, Longitude: { } longitude })
        {
            json.OpenList(name, Worth.Context);
            json.Item(longitude);
            json.Item(latitude);
            json.Close();
        }
    }
}
