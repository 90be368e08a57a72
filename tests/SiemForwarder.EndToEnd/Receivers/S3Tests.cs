using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>Against a real server of S3 that checks signatures.</summary>
[Trait("Program", "s3rver")]
public sealed class S3Tests(S3Server server, TestPostgres postgres) : IClassFixture<S3Server>
{
    private readonly string prefix = $"p{Guid.NewGuid():N}";

    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token;

    [Fact]
    public async Task EveryEventIsALineInTheFolderOfItsHourAndARepeatReplacesItsObject()
    {
        await using var destination = Open();
        var batch = Batches.Json(600, number => $"{{\"n\":{number},\"user\":\"zoë\"}}");

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(batch, Soon));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(batch, Soon));

        Assert.Equal(Enumerable.Range(0, 600).Select(number => $"{{\"n\":{number},\"user\":\"zoë\"}}"), server.ReadLines(prefix));
        var objects = server.Read(prefix);
        var (key, bytes) = Assert.Single(objects, one => one.Key.StartsWith($"{prefix}/main/2025/11/03/10/", StringComparison.Ordinal));
        Assert.EndsWith(".ndjson.gz", key);
        var manifest = JsonNode.Parse(Assert.Single(objects, one => one.Key.StartsWith($"{prefix}/_manifest/", StringComparison.Ordinal)).Value)!;
        Assert.Equal((key, 600, bytes.Length), ((string)manifest["object"]!, (int)manifest["events"]!, (int)manifest["bytes"]!));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), (string)manifest["sha256"]!);
        Assert.Equal((Batches.IdOf(0), Batches.IdOf(599)), ((string)manifest["firstEventId"]!, (string)manifest["lastEventId"]!));
    }

    [Fact]
    public async Task WhatAnEngineStoredBeforeItWasKilledIsNotDoubledByTheLargerBatchOfTheNext()
    {
        var batch = Batches.Json(25, number => $"{number}");
        await using (var killed = Open())
        {
            Assert.IsType<DeliveryOutcome.Delivered>(await killed.SendAsync(batch.Slice(0, 10), Soon));
        }

        await using (var killedAgain = Open())
        {
            Assert.IsType<DeliveryOutcome.Delivered>(await killedAgain.SendAsync(batch.Slice(0, 17), Soon));
        }

        await using var next = Open();
        Assert.IsType<DeliveryOutcome.Delivered>(await next.SendAsync(batch, Soon));

        Assert.Equal(Enumerable.Range(0, 25).Select(number => $"{number}"), server.ReadLines(prefix).OrderBy(int.Parse));
    }

    [Fact]
    public async Task AServerThatIsKilledLosesNothingThatItConfirmed()
    {
        await using var destination = Open(timeout: TimeSpan.FromSeconds(20));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(2, number => $"{number}").Slice(0, 1), Soon));
        await server.KillAsync();

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batches.Json(2, number => $"{number}").Slice(1, 1), Soon));
        await server.RestartAsync(Soon);

        Assert.Equal(ErrorCategory.Connection, outcome.Category);
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(2, number => $"{number}").Slice(1, 1), Soon));
        Assert.Equal(["0", "1"], server.ReadLines(prefix).Order());
    }

    [Theory]
    [InlineData(S3Server.AccessKey, "wrong-s3cret", "settings.secretAccessKey")]
    [InlineData("NOBODY", S3Server.SecretKey, "settings.accessKeyId")]
    public async Task WhoIsNotLetInIsMisconfigured(string accessKey, string secretKey, string advice)
    {
        await using var destination = Open(accessKey: accessKey, secretKey: secretKey);

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batches.Json(1, _ => "{}"), Soon));
        var report = await destination.TestAsync(Batches.Json(1, _ => "{}"), Soon);

        Assert.Equal(ErrorCategory.Authentication, outcome.Category);
        Assert.Contains(advice, outcome.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-s3cret", outcome.Reason, StringComparison.Ordinal);
        Assert.Equal(TestStageName.Authentication, Assert.Single(report.Stages, stage => stage.Result == TestStageResult.Failed).Name);
        Assert.Empty(server.Read(prefix));
    }

    [Fact]
    public async Task ABucketThatIsMissingIsNamedAndHoldsTheIntegration()
    {
        await using var destination = Open(bucket: "no-such-bucket");

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batches.Json(1, _ => "{}"), Soon));

        Assert.Equal(ErrorCategory.Configuration, outcome.Category);
        Assert.Contains("'no-such-bucket'", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ATestOverTlsShowsItsStagesAndAnUnknownAuthorityIsRefused()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        await using var destination = Open(tls: server.ClientTls);
        await using var distrusting = Open(tls: new TlsSettings());

        var report = await destination.TestAsync(Batches.Json(1, _ => "{}"), Soon);
        var untrusted = await distrusting.SendAsync(Batches.Json(1, _ => "{}"), Soon);

        Assert.All(report.Stages, stage => Assert.True(stage.Result == TestStageResult.Passed, stage.Detail));
        Assert.Equal(ErrorCategory.Tls, Assert.IsType<DeliveryOutcome.Misconfigured>(untrusted).Category);
    }

    [Fact]
    public async Task EveryRecordedEventArrivesOnceWithItsId()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");

        await using var recorded = await RecordedDelivery.RunAsync(postgres, new
        {
            name = "lake",
            destination = "s3",
            serverUrl = $"http://127.0.0.1:{server.Port}",
            settings = new { bucket = S3Server.Bucket, prefix, accessKeyId = S3Server.AccessKey, secretAccessKey = S3Server.SecretKey, intervalSeconds = 0 },
        });

        recorded.AssertArrivedOnce(server.ReadLines(prefix).Select(line => (string?)JsonNode.Parse(line)!["event_id"]));
    }

    private IDestination Open(
        string accessKey = S3Server.AccessKey, string secretKey = S3Server.SecretKey, string bucket = S3Server.Bucket, TlsSettings? tls = null,
        TimeSpan? timeout = null)
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        var port = tls is null ? server.Port : server.TlsPort;
        return DestinationCatalog.Find("s3")!.Open(
            new DestinationSettings
            {
                IntegrationName = "lake",
                ServerUrl = new Uri($"{(tls is null ? "http" : "https")}://127.0.0.1:{port}"),
                Port = port,
                Http = new HttpSettings(HttpBody.Ndjson, Gzip: true),
                Tls = tls ?? new TlsSettings(),
                Settings = JsonSerializer.SerializeToElement(new { bucket, prefix, accessKeyId = accessKey, secretAccessKey = secretKey, intervalSeconds = 0 }),
                Timeout = timeout ?? TimeSpan.FromSeconds(30),
            },
            TimeProvider.System);
    }
}
