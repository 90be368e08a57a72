using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events;

/// <summary>All that the catalogue says of every type, one line each, as people and formatters read it; UPDATE_GOLDEN=1 writes the file anew.</summary>
public sealed class CatalogueGoldenTests
{
    private static readonly JsonSerializerOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Converters = { new JsonStringEnumConverter() }, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    [Fact]
    public void EveryTypeIsDescribedAsBefore()
    {
        var lines = EventCatalog.All.Select(description => JsonSerializer.Serialize(description, Options)).ToList();
        var path = Path.Combine(RepositoryFiles.Root, "tests", "SiemForwarder.Tests", "Golden", "catalogue.txt");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, string.Join('\n', lines) + "\n", new UTF8Encoding(false));
        }

        Assert.Equal(File.ReadAllText(path).TrimEnd('\n').Split('\n'), lines);
    }

    [Fact]
    public void EverySummaryIsASentenceOfItsOwn()
    {
        Assert.All(EventCatalog.All, description => Assert.Matches(@"^[A-Z\d].{8,}[^ ]\.$", description.Summary));
        Assert.Equal(EventCatalog.All.Count, EventCatalog.All.Select(description => description.Type).Distinct(StringComparer.Ordinal).Count());
    }
}
