using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using SiemForwarder.Events;
using SiemForwarder.Service.Location;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Location;

/// <summary>Where an address is, by files that come, go and break while the service runs.</summary>
public sealed class IpLocationsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("locations").FullName;
    private readonly TestClock time = new(DateTimeOffset.UnixEpoch);

    [Fact]
    public void CityAndNetworkAreTold()
    {
        using var locations = Locations(Put("GeoLite2-City-Test.mmdb"), Put("GeoLite2-ASN-Test.mmdb"));

        Assert.Equal(
            new EventLocation("Boxford", "England", "ENG", "GB", 51.75, -1.25, 100, null, null), locations.Find("2.125.160.216"));
        Assert.Equal((1221L, "Telstra Pty Ltd"), (locations.Find("1.128.0.0")?.AutonomousSystemNumber, locations.Find("1.128.0.0")?.AutonomousSystemOrganization));
        Assert.Equal("GB", locations.Find("::ffff:2.125.160.216")?.Country);
    }

    [Theory]
    [InlineData("10.1.2.3")]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("fe80::1")]
    [InlineData("192.168.1.1")]
    [InlineData("not an address")]
    [InlineData("")]
    [InlineData(null)]
    public void WhatIsNotAPublicAddressHasNoLocation(string? address)
    {
        using var locations = Locations(Put("GeoLite2-City-Test.mmdb"), null);

        Assert.Null(locations.Find(address));
    }

    [Fact]
    public void AReplacedFileComesIntoForceAndABrokenOneLeavesTheOldInForce()
    {
        var path = Put("GeoLite2-ASN-Test.mmdb", "city.mmdb");
        using var locations = Locations(path, null);
        Assert.Null(locations.Find("2.125.160.216")?.Country);
        var before = locations.Edition;

        File.Move(Put("GeoLite2-City-Test.mmdb"), path, overwrite: true);
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(before + 1, locations.Refresh());
        Assert.Equal("GB", locations.Find("2.125.160.216")?.Country);

        File.WriteAllText(path + ".new", "this is not a database");
        File.Move(path + ".new", path, overwrite: true);
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(before + 1, locations.Refresh());
        Assert.Equal("GB", locations.Find("2.125.160.216")?.Country);
    }

    [Fact]
    public void WithoutAFileOrWithAMissingOneNothingIsKnown()
    {
        using var none = Locations(null, null);
        using var missing = Locations(Path.Combine(folder, "nowhere.mmdb"), null);

        Assert.False(none.IsConfigured);
        Assert.Null(none.Find("2.125.160.216"));
        Assert.Null(missing.Find("2.125.160.216"));
    }

    [Fact]
    public void AnAddressThatWasAskedForBeforeCostsNoMemory()
    {
        using var locations = Locations(Put("GeoLite2-City-Test.mmdb"), null);
        locations.Find("2.125.160.216");
        locations.Find("203.0.113.1");
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            locations.Find("2.125.160.216");
            locations.Find("203.0.113.1");
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private IpLocations Locations(string? city, string? asn) => new(
        Options.Create(new LocationOptions { CityDatabase = city, AsnDatabase = asn }), time, NullLogger<IpLocations>.Instance);

    private string Put(string name, string? under = null)
    {
        var path = Path.Combine(folder, under ?? name);
        File.Copy(RepositoryFiles.Shared("conformance", "mmdb", name), path, overwrite: true);
        return path;
    }
}
