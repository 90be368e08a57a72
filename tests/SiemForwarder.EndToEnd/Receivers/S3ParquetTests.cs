using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.S3.Parquet;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events.Formats;
using SiemForwarder.Tests.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>Tables that a real server of S3 stores, read by DuckDB, which shares no code with what wrote them.</summary>
[Trait("Program", "s3rver")]
[Trait("Program", "duckdb")]
public sealed class S3ParquetTests(S3Server server, TestPostgres postgres) : IClassFixture<S3Server>, IAsyncDisposable
{
    private readonly string prefix = $"p{Guid.NewGuid():N}";
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    private string Tables => $"read_parquet('{folder.Path}/{prefix}/*/*/*/*/*.parquet', hive_partitioning = true, union_by_name = true)";

    public ValueTask DisposeAsync() => folder.DisposeAsync();

    [Fact]
    public async Task EveryTableTellsWhatTheLinesTell()
    {
        var formatter = EventFormatCatalog.Create(FormatSettings.For("ocsf", int.MaxValue));
        var lines = CatalogueEvents.Types().Concat(CatalogueEvents.Applications()).Concat(CatalogueEvents.Detections())
            .Select(one => Encoding.UTF8.GetString(FormatSettings.Write(formatter, one))).ToList();
        await using var destination = Open();

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(lines.Count, number => lines[number]), Soon));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(lines.Count, number => lines[number]), Soon));

        Save();
        var classes = lines.Select(line => JsonNode.Parse(line)!).GroupBy(line => OcsfTable.All.Single(table => table.ClassUid == (int)line["class_uid"]!).Name).ToList();
        foreach (var one in classes)
        {
            var rows = await DuckDb.AskAsync(
                $"select to_json(t) from read_parquet('{folder.Path}/{prefix}/class={one.Key}/realm=main/day=2025-11-03/hour=10/*.parquet', hive_partitioning = false) t", Soon);
            Assert.Equal(one.Select(Told).ToList(), rows.Select(row => Told(WithUnmapped(JsonNode.Parse((string)row[0]!)!))).ToList());
        }

        var counted = await DuckDb.AskAsync($"select class, realm, cast(day as varchar), hour, cast(count(*) as integer) from {Tables} group by all", Soon);
        Assert.Equal(
            classes.Select(one => $"{one.Key} main 2025-11-03 {one.Count()}").Order(StringComparer.Ordinal),
            counted.Select(row => $"{row[0]} {row[1]} {row[2]} {row[4]}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task WhatAnEngineStoredBeforeItWasKilledIsNotDoubledByTheLargerBatchOfTheNext()
    {
        var batch = Batches.Json(25, Logon);
        foreach (var stored in new[] { 10, 17, 25, 25 })
        {
            await using var engine = Open();
            Assert.IsType<DeliveryOutcome.Delivered>(await engine.SendAsync(batch.Slice(0, stored), Soon));
        }

        Save();
        var row = Assert.Single(await DuckDb.AskAsync($"select cast(count(*) as integer), cast(count(distinct metadata.uid) as integer) from {Tables}", Soon));
        Assert.Equal((25, 25), ((int)row[0]!, (int)row[1]!));
    }

    [Fact]
    public async Task AnObjectForSecurityLakeLiesWhereItsCustomSourceIs()
    {
        await using var destination = Open(new { partition = "securityLake", accountId = "123456789012", region = "eu-central-1", manifest = false });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(3, Logon), Soon));

        var key = Assert.Single(server.Read(prefix)).Key;
        Assert.StartsWith($"{prefix}/kc_authentication/region=eu-central-1/accountId=123456789012/eventDay=20251103/1-", key, StringComparison.Ordinal);
        Save();
        Assert.Equal(3, (int)Assert.Single(await DuckDb.AskAsync($"select cast(count(*) as integer) from '{folder.Path}/{key}'", Soon))[0]!);
    }

    [Fact]
    public async Task EveryRecordedEventIsARowOnce()
    {
        SkipWhereMissing();
        await using var recorded = await RecordedDelivery.RunAsync(postgres, new
        {
            name = "lake",
            destination = "s3",
            serverUrl = $"http://127.0.0.1:{server.Port}",
            outputType = "JSON",
            schema = "ocsf",
            settings = new { bucket = S3Server.Bucket, prefix, accessKeyId = S3Server.AccessKey, secretAccessKey = S3Server.SecretKey, intervalSeconds = 0, objects = "parquet" },
        });

        Save();
        recorded.AssertArrivedOnce((await DuckDb.AskAsync($"select metadata.uid from {Tables}", Soon)).Select(row => (string?)row[0]));
    }

    private static string Logon(int number) => $$$"""{"class_uid":3002,"class_name":"Authentication","time":1762164930123,"metadata":{"uid":"{{{number}}}"}}""";

    private static JsonNode WithUnmapped(JsonNode row)
    {
        row["unmapped"] = row["unmapped"] is { } text ? JsonNode.Parse((string)text!) : null;
        return row;
    }

    /// <summary>What a document tells: a column without a value, and an object or a list without any, tell nothing.</summary>
    private static string Told(JsonNode? node) => Pruned(node)?.ToJsonString() ?? "";

    private static JsonNode? Pruned(JsonNode? node) => node switch
    {
        JsonObject members => members.Select(member => KeyValuePair.Create(member.Key, Pruned(member.Value))).Where(member => member.Value is not null)
            .OrderBy(member => member.Key, StringComparer.Ordinal).ToList() is { Count: > 0 } kept ? new JsonObject(kept) : null,
        JsonArray items => items.Count > 0 ? new JsonArray([.. items.Select(Pruned)]) : null,
        _ => node?.DeepClone(),
    };

    private void Save()
    {
        foreach (var (key, bytes) in server.Read(prefix))
        {
            var file = Path.Combine(folder.Path, key);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, bytes);
        }
    }

    private void SkipWhereMissing() => Assert.SkipWhen((server.Missing ?? DuckDb.Missing) is not null, server.Missing ?? DuckDb.Missing ?? "");

    private IDestination Open(object? more = null)
    {
        SkipWhereMissing();
        var own = JsonSerializer.SerializeToNode(new
        {
            bucket = S3Server.Bucket, prefix, accessKeyId = S3Server.AccessKey, secretAccessKey = S3Server.SecretKey, intervalSeconds = 0, objects = "parquet",
        })!;
        foreach (var (name, value) in JsonSerializer.SerializeToNode(more ?? new { })!.AsObject())
        {
            own[name] = value?.DeepClone();
        }

        return DestinationCatalog.Find("s3")!.Open(
            new DestinationSettings
            {
                IntegrationName = "lake", ServerUrl = new Uri($"http://127.0.0.1:{server.Port}"), Port = server.Port, Http = new HttpSettings(HttpBody.Ndjson, Gzip: true),
                Settings = own.Deserialize<JsonElement>(), Timeout = TimeSpan.FromSeconds(60),
            },
            TimeProvider.System);
    }
}
