using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;
using Parquet.Serialization;
using SiemForwarder.Destinations.S3.Parquet;
using SiemForwarder.Events.Formats;
using SiemForwarder.Tests.Events.Formats;

namespace SiemForwarder.Tests.Destinations.S3;

/// <summary>A table in Parquet says of every event what its line of JSON says, and has the same columns whatever is in it.</summary>
public sealed class OcsfTableTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ocsf", true)]
    [InlineData("ocsf", false)]
    [InlineData("ocsf-1.9", true)]
    [InlineData("ocsf-1.9", false)]
    public async Task EveryMemberOfEveryEventComesBackFromItsTable(string schema, bool withRepresentation)
    {
        var formatter = EventFormatCatalog.Create(FormatSettings.For(schema, int.MaxValue) with { IncludeRepresentation = withRepresentation });
        var lines = CatalogueEvents.All().Select(one => FormatSettings.Write(formatter, one)).ToList();

        var tables = lines.GroupBy(line => OcsfTable.Find(line)!).ToList();

        Assert.True(tables.Count >= 5);
        foreach (var table in tables)
        {
            Assert.Equal(table.Select(line => Told(JsonNode.Parse(line))).ToList(), (await WriteAndReadAsync(table.Key, table)).Select(Told).ToList());
        }
    }

    [Fact]
    public async Task ShortenedEventsAndHostileTextsComeBackAsWell()
    {
        var lines = CatalogueEvents.All().Select(one => FormatSettings.Write("ocsf", one, EventFormatCatalog.MinMaxBytes("ocsf")))
            .Concat(new[] { "'; drop table", "\u0000\u202e", "😀\ud800", "\"}],", "" }.Select(text => FormatSettings.Write("ocsf", FormatPropertyTests.HostileEvent(text), int.MaxValue)));

        foreach (var table in lines.GroupBy(line => OcsfTable.Find(line)!))
        {
            Assert.Equal(table.Select(line => Told(JsonNode.Parse(line))).ToList(), (await WriteAndReadAsync(table.Key, table)).Select(Told).ToList());
        }
    }

    [Fact]
    public async Task TheColumnsAreTheSameWhateverTheEventsHold()
    {
        var table = OcsfTable.All.Single(one => one.Name == "authentication");
        using var bare = await WriteAsync(table, ["""{"class_uid":3002}"""u8.ToArray()]);
        using var full = await WriteAsync(table, [FormatSettings.Write("ocsf", CatalogueEvents.Types().First(), int.MaxValue)]);

        Assert.Equal(await ColumnsAsync(bare), await ColumnsAsync(full));
    }

    [Fact]
    public void WhatIsNoEventOfOcsfHasNoTable()
    {
        Assert.Null(OcsfTable.Find("""{"event_type":"LOGIN","nested":{"class_uid":3002}}"""u8));
        Assert.Null(OcsfTable.Find("""{"class_uid":"3002"}"""u8));
        Assert.Null(OcsfTable.Find("""{"class_uid":4001}"""u8));
        Assert.Equal("authentication", OcsfTable.Find("""{"n":[1],"class_uid":3002}"""u8)!.Name);
    }

    [Fact]
    public void ANameOfACustomSourceIsShortEnoughForSecurityLake() => Assert.All(OcsfTable.All, table => Assert.InRange(table.CustomSource.Length, 1, 20));

    private static async Task<IEnumerable<JsonNode?>> WriteAndReadAsync(OcsfTable table, IEnumerable<byte[]> lines)
    {
        using var file = await WriteAsync(table, lines);
        return (await ParquetSerializer.DeserializeUntypedAsync(file, cancellationToken: Token)).Data.Select(row => Node(row));
    }

    private static async Task<MemoryStream> WriteAsync(OcsfTable table, IEnumerable<byte[]> lines)
    {
        var file = new MemoryStream();
        await OcsfRows.WriteAsync(table, lines.Select(line => (ReadOnlyMemory<byte>)line), file, Token);
        file.Position = 0;
        return file;
    }

    private static async Task<IEnumerable<string>> ColumnsAsync(Stream file)
    {
        await using var reader = await global::Parquet.ParquetReader.CreateAsync(file, cancellationToken: Token);
        return reader.Schema.GetDataFields().Select(field => $"{field.Path} {field.ClrType.Name} {field.IsNullable}").ToList();
    }

    private static JsonNode? Node(object? value) => value switch
    {
        null => null,
        string text => JsonValue.Create(text),
        ReadOnlyMemory<char> text => JsonValue.Create(text.ToString()),
        IDictionary<string, object> members => new JsonObject(members.Select(member => KeyValuePair.Create(
            member.Key, member is { Key: "unmapped", Value: { } json } ? JsonNode.Parse(Node(json)!.GetValue<string>()) : Node(member.Value)))),
        IEnumerable items => new JsonArray([.. items.Cast<object?>().Select(Node)]),
        _ => JsonSerializer.SerializeToNode(value),
    };

    /// <summary>What a document tells: a column without a value, and an object or a list without any, tell nothing.</summary>
    private static string Told(JsonNode? node) => Pruned(node)?.ToJsonString() ?? "";

    private static JsonNode? Pruned(JsonNode? node) => node switch
    {
        JsonObject members => members.Select(member => KeyValuePair.Create(member.Key, Pruned(member.Value))).Where(member => member.Value is not null)
            .OrderBy(member => member.Key, StringComparer.Ordinal).ToList() is { Count: > 0 } kept ? new JsonObject(kept) : null,
        JsonArray items => items.Count > 0 ? new JsonArray([.. items.Select(Pruned)]) : null,
        _ => node?.DeepClone(),
    };
}
