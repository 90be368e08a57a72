using System.Net;
using System.Text.Json;
using SiemForwarder.Service.Location;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Location;

/// <summary>The reader against MaxMind's own test databases and the records they were made from.</summary>
public sealed class MmdbDatabaseTests
{
    [Theory]
    [InlineData("GeoLite2-City-Test")]
    [InlineData("GeoLite2-ASN-Test")]
    public void EveryNetworkGivesTheRecordItWasMadeFrom(string name)
    {
        using var expected = JsonDocument.Parse(File.ReadAllBytes(RepositoryFiles.Shared("conformance", "mmdb", $"{name}.json")));
        using var database = MmdbDatabase.Open(RepositoryFiles.Shared("conformance", "mmdb", $"{name}.mmdb"));
        var networks = expected.RootElement.EnumerateArray().SelectMany(entry => entry.EnumerateObject()).ToList();

        Assert.NotEmpty(networks);
        foreach (var network in networks)
        {
            var parsed = IPNetwork.Parse(network.Name);
            var record = database.Find(parsed.BaseAddress);
            Assert.True(record is not null, $"{network.Name} is not found");
            Assert.True(JsonElement.DeepEquals(network.Value, JsonSerializer.SerializeToElement(record)), $"{network.Name}: {JsonSerializer.Serialize(record)}");
        }
    }

    [Theory]
    [InlineData("MaxMind-DB-test-ipv4-24.mmdb", "1.1.1.1", "1.1.1.1")]
    [InlineData("MaxMind-DB-test-ipv4-24.mmdb", "1.1.1.3", "1.1.1.2")]
    [InlineData("MaxMind-DB-test-ipv6-28.mmdb", "::1:ffff:ffff", "::1:ffff:ffff")]
    [InlineData("MaxMind-DB-test-mixed-32.mmdb", "1.1.1.5", "::1.1.1.4")]
    [InlineData("MaxMind-DB-test-mixed-32.mmdb", "::2:0:1", "::2:0:0")]
    public void EveryWidthOfRecordsIsRead(string file, string address, string expected)
    {
        using var database = Open(file);

        Assert.Equal(expected, Assert.IsType<string>(Assert.IsAssignableFrom<IReadOnlyDictionary<string, object>>(database.Find(IPAddress.Parse(address)))["ip"]));
    }

    [Theory]
    [InlineData("MaxMind-DB-test-ipv4-24.mmdb", "1.1.1.33")]
    [InlineData("MaxMind-DB-test-ipv4-24.mmdb", "::1:ffff:ffff")]
    [InlineData("MaxMind-DB-no-ipv4-search-tree.mmdb", "255.255.255.255")]
    public void AnAddressThatIsNotInTheFileHasNoRecord(string file, string address)
    {
        using var database = Open(file);

        Assert.Null(database.Find(IPAddress.Parse(address)) is { Count: > 0 } record && record.ContainsKey("ip") ? record : null);
    }

    [Fact]
    public void EveryTypeOfValueIsDecoded()
    {
        using var database = Open("MaxMind-DB-test-decoder.mmdb");

        var record = database.Find(IPAddress.Parse("1.1.1.0"))!;

        Assert.Equal("unicode! ☯ - ♫", record["utf8_string"]);
        Assert.Equal(42.123456, record["double"]);
        Assert.Equal(1.1f, record["float"]);
        Assert.Equal(-268435456, record["int32"]);
        Assert.Equal((100, 268435456L, 1152921504606846976UL), (record["uint16"], record["uint32"], record["uint64"]));
        Assert.Equal(true, record["boolean"]);
        Assert.Equal([0, 0, 0, 42], Assert.IsType<byte[]>(record["bytes"]));
        Assert.Equal([1L, 2L, 3L], Assert.IsType<List<object>>(record["array"]));
        Assert.Equal("hello", ((Dictionary<string, object>)((Dictionary<string, object>)record["map"])["mapX"])["utf8_stringX"]);
    }

    [Fact]
    public void ABrokenFileGivesAnErrorOrNothingAndNeverACrash()
    {
        var files = Directory.GetFiles(RepositoryFiles.Shared("conformance", "mmdb", "bad"))
            .Concat([RepositoryFiles.Shared("conformance", "mmdb", "GeoIP2-City-Test-Broken-Double-Format.mmdb"), RepositoryFiles.Shared("conformance", "mmdb", "GeoIP2-City-Test-Invalid-Node-Count.mmdb")]);
        foreach (var file in files)
        {
            var fault = Record.Exception(() =>
            {
                using var database = MmdbDatabase.Open(file);
                foreach (var address in (string[])["1.1.1.1", "2.125.160.216", "81.2.69.142", "255.255.255.255", "0.0.0.0", "2001:220::", "::1.1.1.1"])
                {
                    database.Find(IPAddress.Parse(address));
                }
            });

            Assert.True(fault is null or MmdbException, $"{Path.GetFileName(file)}: {fault}");
        }
    }

    [Fact]
    public void AFileThatIsCutShortAnywhereIsAnErrorAndNeverACrash()
    {
        var whole = File.ReadAllBytes(RepositoryFiles.Shared("conformance", "mmdb", "MaxMind-DB-test-mixed-32.mmdb"));
        var path = Path.GetTempFileName();
        try
        {
            for (var length = 0; length < whole.Length; length += 7)
            {
                // The metadata stays whole, so that what it promises is missing before it.
                File.WriteAllBytes(path, [.. whole.AsSpan(length)]);
                var fault = Record.Exception(() =>
                {
                    using var database = MmdbDatabase.Open(path);
                    database.Find(IPAddress.Parse("1.1.1.1"));
                });
                Assert.True(fault is null or MmdbException, $"cut by {length}: {fault}");
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static MmdbDatabase Open(string file) => MmdbDatabase.Open(RepositoryFiles.Shared("conformance", "mmdb", file));
}
