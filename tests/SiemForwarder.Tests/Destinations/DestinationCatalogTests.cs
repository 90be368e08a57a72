using SiemForwarder.Connections;
using SiemForwarder.Destinations;

namespace SiemForwarder.Tests.Destinations;

public sealed class DestinationCatalogTests
{
    [Theory]
    [InlineData("udp", "syslog", 514)]
    [InlineData("tcp", "syslog", 514)]
    [InlineData("TLS", "syslog", 6514)]
    [InlineData("http", "webhook", 80)]
    [InlineData("https", "webhook", 443)]
    public void ASchemeMeansAKindAndAPort(string scheme, string kind, int port)
    {
        Assert.Equal(kind, DestinationCatalog.FindByScheme(scheme)?.Id);
        Assert.Equal(port, DestinationCatalog.DefaultPort(scheme));
    }

    [Fact]
    public void AnUnknownSchemeMeansNothing()
    {
        Assert.Null(DestinationCatalog.FindByScheme("ftp"));
        Assert.Null(DestinationCatalog.DefaultPort("ftp"));
    }

    [Fact]
    public void EveryKindSaysWhatItNeeds() => Assert.All(DestinationCatalog.All, kind =>
    {
        Assert.Matches("^[a-z0-9_]+$", kind.Id);
        Assert.Same(kind, DestinationCatalog.Find(kind.Id));
        Assert.Contains(kind.Fields, field => field is { Name: "serverUrl", Required: true });
        Assert.Equal(kind.Fields.Count, kind.Fields.Select(field => field.Name).Distinct().Count());
        Assert.All(kind.Fields, field => Assert.EndsWith(".", field.Description));
        Assert.All(kind.Fields, field => Assert.Equal(field.Type == DestinationFieldType.Choice, field.Choices.Count > 0));
        Assert.All(kind.Fields.Where(field => field.Name is "authentication.password" or "authentication.token" or "authentication.header" or "tls.clientKey"), field => Assert.True(field.Secret));
    });

    [Fact]
    public void EveryKindIsDescribedWhereItSays() => Assert.All(DestinationCatalog.All, kind =>
    {
        var parts = kind.Documentation.Split('#');
        var text = File.ReadAllText(Path.Combine(Support.RepositoryFiles.Root, parts[0]));
        Assert.Contains($"\n## {parts[1].Replace('-', ' ')}\n", text, StringComparison.OrdinalIgnoreCase);
    });
}
