using System.Text;
using Microsoft.Extensions.Time.Testing;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.S3;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.S3;

/// <summary>What needs no server, and answers that only AWS gives; with a real server: S3Tests of the end-to-end tests.</summary>
public sealed class S3DestinationTests : NetworkDestinationContract
{
    protected override string Scheme => "http";

    internal override IDestination Open(DestinationSettings settings) => S3Destination.Kind.Open(
        settings with { Settings = settings.Settings ?? Own(new { }) }, TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Theory]
    [InlineData(403, "AccessDenied", ErrorCategory.Authorization, "s3:PutObject")]
    [InlineData(403, "InvalidAccessKeyId", ErrorCategory.Authentication, "settings.accessKeyId")]
    [InlineData(403, "SignatureDoesNotMatch", ErrorCategory.Authentication, "settings.secretAccessKey")]
    [InlineData(403, "RequestTimeTooSkewed", ErrorCategory.Authentication, "clock")]
    [InlineData(404, "NoSuchBucket", ErrorCategory.Configuration, "Create it")]
    [InlineData(400, "AuthorizationHeaderMalformed", ErrorCategory.Configuration, "settings.region")]
    [InlineData(400, "InvalidStorageClass", ErrorCategory.Configuration, "storageClass")]
    [InlineData(400, "KMS.DisabledException", ErrorCategory.Configuration, "kmsKey")]
    public async Task WhatSomebodyMustChangeIsMisconfigured(int status, string code, ErrorCategory category, string advice)
    {
        await using var receiver = HttpReceiver.Start(Answer(status, code));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await SendAsync(receiver));

        Assert.Equal(category, outcome.Category);
        AssertReadable(outcome.Reason);
        Assert.Contains(advice, outcome.Reason);
        Assert.Contains(code == "NoSuchBucket" ? "'audit'" : code, outcome.Reason);
    }

    [Theory]
    [InlineData(503, "SlowDown", ErrorCategory.RateLimited)]
    [InlineData(503, "ServiceUnavailable", ErrorCategory.ServerError)]
    [InlineData(500, "InternalError", ErrorCategory.ServerError)]
    [InlineData(403, "QuotaExceeded", ErrorCategory.ServerError)]
    [InlineData(409, "OperationAborted", ErrorCategory.ServerError)]
    public async Task WhatMayPassIsTransient(int status, string code, ErrorCategory category)
    {
        await using var receiver = HttpReceiver.Start(Answer(status, code));

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await SendAsync(receiver));

        Assert.Equal(category, outcome.Category);
        AssertReadable(outcome.Reason);
        Assert.Contains(code, outcome.Reason);
    }

    [Fact]
    public async Task AnObjectThatIsTooLargeIsRejectedSoThatItIsHalved()
    {
        await using var receiver = HttpReceiver.Start(Answer(400, "EntityTooLarge"));

        Assert.IsType<DeliveryOutcome.Rejected>(await SendAsync(receiver));
    }

    [Theory]
    [InlineData(200, "<html>Welcome</html>")]
    [InlineData(200, "")]
    [InlineData(404, "<html>nginx</html>")]
    [InlineData(301, "")]
    public async Task WhatIsNoServerOfS3IsMisconfiguredAndNothingCounts(int status, string body)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(status, body) { Headers = ["Content-Type: text/html", "Location: http://127.0.0.2/"] });

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await SendAsync(receiver));

        AssertReadable(outcome.Reason);
    }

    [Fact]
    public async Task WithoutTheRightToListTheEventsAreStoredAllTheSame()
    {
        await using var receiver = HttpReceiver.Start(request => IsList(request) ? Answer(403, "AccessDenied") : Stored);

        Assert.IsType<DeliveryOutcome.Delivered>(await SendAsync(receiver));
    }

    [Fact]
    public async Task ARequestIsSignedForTheRegionAndAsksForEncryptionAndClass()
    {
        await using var receiver = HttpReceiver.Start(Agree);
        await using var destination = Open(SomeSettings.For($"http://127.0.0.1:{receiver.Port}") with
        {
            Settings = Own(new { region = "eu-north-1", encryption = "aws:kms", kmsKey = "key-1", storageClass = "STANDARD_IA" }),
        });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        var put = receiver.Requests.First(request => request.RequestLine.StartsWith("PUT", StringComparison.Ordinal));
        Assert.Contains("/eu-north-1/s3/aws4_request", put.FindHeader("Authorization"));
        Assert.Equal(("aws:kms", "key-1", "STANDARD_IA"), (
            put.FindHeader("x-amz-server-side-encryption"), put.FindHeader("x-amz-server-side-encryption-aws-kms-key-id"), put.FindHeader("x-amz-storage-class")));
        Assert.Equal("{\"n\":0}\n{\"n\":1}\n", Encoding.UTF8.GetString(put.Body));
        Assert.Equal(Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(put.Body)), put.FindHeader("x-amz-checksum-sha256"));
        Assert.All(receiver.Requests, request => AwsSignature.AssertValid(request, SecretText));
        Assert.DoesNotContain(SecretText, string.Concat(receiver.Requests.Select(request => request.Head)));
    }

    [Fact]
    public async Task EventsThatTrickleInWaitForTheIntervalAndAFullBatchDoesNot()
    {
        await using var receiver = HttpReceiver.Start(Agree);
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var destination = S3Destination.Kind.Open(
            SomeSettings.For($"http://127.0.0.1:{receiver.Port}") with { Settings = Own(new { intervalSeconds = 300 }) }, time);
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        var full = await destination.SendAsync(SomeBatch.Json(destination.Limits.MaxEvents), Soon);
        var few = destination.SendAsync(SomeBatch.Json(3), Soon);
        time.Advance(TimeSpan.FromSeconds(299));
        var waits = !few.IsCompleted;
        time.Advance(TimeSpan.FromSeconds(2));

        Assert.IsType<DeliveryOutcome.Delivered>(full);
        Assert.True(waits);
        Assert.IsType<DeliveryOutcome.Delivered>(await few);
    }

    [Fact]
    public async Task WhatIsShownBeforehandIsWhatIsStored()
    {
        await using var receiver = HttpReceiver.Start(Agree);
        await using var destination = Open(SomeSettings.For($"http://127.0.0.1:{receiver.Port}") with { Http = new(Gzip: true) });
        await destination.SendAsync(Batch(3), Soon);

        var image = await destination.RenderAsync(Batch(3), Soon);

        var put = receiver.Requests.First(request => request.RequestLine.StartsWith("PUT", StringComparison.Ordinal));
        var shown = Assert.Single(image!.Units);
        Assert.Equal(put.Body, shown.Sent.ToArray());
        Assert.Equal("{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n", Encoding.UTF8.GetString(shown.Body.Span));
        Assert.Contains(put.RequestLine.Split(' ')[1]["/audit/".Length..], image.Note);
    }

    [Fact]
    public async Task ATableTakesEventsOfOcsfAloneAndSaysWhatToSet()
    {
        await using var receiver = HttpReceiver.Start(Agree);
        await using var destination = Open(SomeSettings.For($"http://127.0.0.1:{receiver.Port}") with { Settings = Own(new { objects = "parquet" }) });

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));
        var image = await destination.RenderAsync(Batch(), Soon);

        AssertReadable(outcome.Reason);
        Assert.Contains("schema to ocsf", outcome.Reason);
        Assert.Contains("schema to ocsf", image!.Note);
        Assert.Empty(receiver.Requests);
    }

    [Theory]
    [InlineData("https://s3.eu-central-1.amazonaws.com", true)]
    [InlineData("http://127.0.0.1:9000/", true)]
    [InlineData("https://s3.amazonaws.com/audit", false)]
    [InlineData("https://s3.amazonaws.com?x=y", false)]
    public void TheUrlNamesTheEndpointAndNothingElse(string url, bool valid) => Assert.Equal(valid, S3Settings.CheckUrl(new Uri(url)) is null);

    [Theory]
    [InlineData("https://s3.eu-central-1.amazonaws.com", "eu-central-1", true)]
    [InlineData("https://s3.dualstack.us-gov-west-1.amazonaws.com", "us-gov-west-1", true)]
    [InlineData("https://s3.cn-north-1.amazonaws.com.cn", "cn-north-1", true)]
    [InlineData("https://s3.amazonaws.com", "us-east-1", true)]
    [InlineData("https://minio.example.com:9000", "us-east-1", false)]
    public void TheRegionAndThePlaceOfTheBucketFollowFromTheUrl(string url, string region, bool isVirtual)
    {
        var settings = S3Settings.Read(new SettingReader(Own(new { })));

        Assert.Equal((region, isVirtual), (settings.RegionAt(new Uri(url)), settings.IsVirtualAt(new Uri(url))));
    }

    [Theory]
    [InlineData("https://s3.eu-central-1.amazonaws.com", "auto", "audit.s3.eu-central-1.amazonaws.com:443")]
    [InlineData("https://s3.eu-central-1.amazonaws.com", "path", "s3.eu-central-1.amazonaws.com:443")]
    [InlineData("https://minio.example.com:9000", "auto", "minio.example.com:9000")]
    [InlineData("https://minio.example.com:9000", "virtual", "audit.minio.example.com:9000")]
    public async Task TheHostOfTheBucketIsReachedAndThroughTheProxy(string url, string addressStyle, string host)
    {
        await using var proxy = HttpReceiver.Start(new HttpReply(502));
        await using var destination = Open(SomeSettings.For(url) with { Proxy = new Uri($"http://127.0.0.1:{proxy.Port}"), Settings = Own(new { addressStyle }) });

        AssertReadable(Reason(await destination.SendAsync(Batch(), Soon)));

        Assert.StartsWith($"CONNECT {host} ", Assert.Single(proxy.Requests).RequestLine);

        static string Reason(DeliveryOutcome outcome) => outcome switch
        {
            DeliveryOutcome.Transient transient => transient.Reason, DeliveryOutcome.Misconfigured held => held.Reason, _ => outcome.ToString(),
        };
    }

    [Fact]
    public void WhatIsWrongWithTheSettingsIsToldByField()
    {
        Assert.Equal(["settings.bucket", "settings.accessKeyId", "settings.secretAccessKey"], Faults(new { }));
        Assert.Equal(["settings.bucket", "settings.prefix"], Faults(new { bucket = "a/b", prefix = "a/../b", accessKeyId = "k", secretAccessKey = "s" }));
        Assert.Equal(["settings.kmsKey"], Faults(new { bucket = "audit", accessKeyId = "k", secretAccessKey = "s", kmsKey = "k" }));
        Assert.Equal(["settings.externalId"], Faults(new { bucket = "audit", accessKeyId = "k", secretAccessKey = "s", externalId = "x" }));
        Assert.Equal(["settings.roleArn"], Faults(new { bucket = "audit", accessKeyId = "k", secretAccessKey = "s", roleArn = "admin" }));
        Assert.Equal(["settings.credential"], Faults(new { bucket = "audit", credential = "webIdentity", accessKeyId = "k" }));
        Assert.Empty(Faults(new { bucket = "audit", credential = "webIdentity", prefix = "" }));
        Assert.Equal(["settings.partition", "settings.accountId"], Faults(new { bucket = "audit", credential = "webIdentity", partition = "securityLake" }));
        Assert.Equal(["settings.accountId"], Faults(new { bucket = "audit", credential = "webIdentity", objects = "parquet", accountId = "123456789012" }));
        Assert.Empty(Faults(new { bucket = "audit", credential = "webIdentity", objects = "parquet", partition = "securityLake", accountId = "123456789012" }));

        static IEnumerable<string> Faults(object own) => S3Destination.Kind.CheckSettings!(SomeSettings.Own(own)).Select(fault => fault.Field);
    }

    internal static System.Text.Json.JsonElement Own(object more)
    {
        var own = System.Text.Json.JsonSerializer.SerializeToNode(new { bucket = "audit", accessKeyId = "AKIAEXAMPLE", secretAccessKey = SecretText, intervalSeconds = 0 })!;
        foreach (var (name, value) in System.Text.Json.JsonSerializer.SerializeToNode(more)!.AsObject())
        {
            own[name] = value?.DeepClone();
        }

        return SomeSettings.Own(own);
    }

    internal static bool IsList(ReceivedRequest request) => request.RequestLine.Contains("list-type=2", StringComparison.Ordinal);

    /// <summary>An empty bucket that takes everything.</summary>
    internal static HttpReply Agree(ReceivedRequest request) => IsList(request) ? new HttpReply(200, "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>") : Stored;

    private static HttpReply Stored => new(200) { Headers = ["ETag: \"0\""] };

    private static HttpReply Answer(int status, string code) =>
        new(status, $"<Error><Code>{code}</Code><Message>Said by the server</Message><RequestId>R1</RequestId></Error>") { Headers = ["Content-Type: application/xml"] };

    private async Task<DeliveryOutcome> SendAsync(HttpReceiver receiver)
    {
        await using var destination = Open(SomeSettings.For($"http://127.0.0.1:{receiver.Port}"));
        return await destination.SendAsync(Batch(), Soon);
    }
}
