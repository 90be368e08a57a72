using System.Text;
using System.Web;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.S3;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.S3;

/// <summary>Roles that the forwarder takes on, at a stand-in of the Security Token Service: only AWS itself issues such credentials.</summary>
public sealed class S3IdentityTests : IDisposable
{
    private const string Role = "arn:aws:iam::123456789012:role/lake";
    private const string PodRole = "arn:aws:iam::123456789012:role/pod";
    private const string SecretText = "hunter2-s3cret";

    private readonly string tokenFile = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
    private int given;

    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("AWS_ROLE_ARN", null);
        Environment.SetEnvironmentVariable("AWS_WEB_IDENTITY_TOKEN_FILE", null);
        File.Delete(tokenFile);
    }

    [Fact]
    public async Task ARoleIsTakenOnOnceWithItsExternalIdAndSignsTheRequests()
    {
        await using var sts = HttpReceiver.Start(Issue);
        await using var receiver = Bucket();
        await using var destination = Open(receiver, sts, new { roleArn = Role, externalId = "tenant 7" });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Json(2), Soon));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Json(2), Soon));

        var asked = Assert.Single(sts.Requests);
        var form = HttpUtility.ParseQueryString(Encoding.UTF8.GetString(asked.PlainBody));
        Assert.Equal(("AssumeRole", Role, "tenant 7"), (form["Action"], form["RoleArn"], form["ExternalId"]));
        Assert.Contains("Credential=AKIAEXAMPLE/", asked.FindHeader("Authorization"));
        Assert.All(receiver.Requests, request => Assert.Contains("Credential=ASIA1/", request.FindHeader("Authorization")));
        Assert.All(receiver.Requests, request => Assert.Equal("session-1", request.FindHeader("x-amz-security-token")));
    }

    [Fact]
    public async Task CredentialsThatEndedEarlyAreAskedForAgain()
    {
        await using var sts = HttpReceiver.Start(Issue);
        await using var receiver = HttpReceiver.Start(request => request.FindHeader("x-amz-security-token") == "session-1"
            ? new HttpReply(400, "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>")
            : S3DestinationTests.Agree(request));
        await using var destination = Open(receiver, sts, new { roleArn = Role });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Json(2), Soon));
        Assert.Equal(2, sts.Requests.Count);
    }

    [Fact]
    public async Task TheIdentityOfAPodTakesItsOwnRoleAndThenTheOneNamed()
    {
        await using var sts = HttpReceiver.Start(Issue);
        await using var receiver = Bucket();
        await File.WriteAllTextAsync(tokenFile, "assertion-of-the-pod\n", Soon);
        Environment.SetEnvironmentVariable("AWS_ROLE_ARN", PodRole);
        Environment.SetEnvironmentVariable("AWS_WEB_IDENTITY_TOKEN_FILE", tokenFile);
        await using var destination = Open(
            receiver, sts, new { credential = "webIdentity", accessKeyId = (string?)null, secretAccessKey = (string?)null, roleArn = Role, externalId = "x" });

        var report = await destination.TestAsync(SomeBatch.Json(1), Soon);

        Assert.True(report.Succeeded, string.Join('\n', report.Stages));
        var forms = sts.Requests.Select(request => HttpUtility.ParseQueryString(Encoding.UTF8.GetString(request.PlainBody))).ToList();
        Assert.Equal(["AssumeRoleWithWebIdentity", "AssumeRole"], forms.Select(form => form["Action"]));
        Assert.Equal((PodRole, "assertion-of-the-pod"), (forms[0]["RoleArn"], forms[0]["WebIdentityToken"]));
        Assert.Equal((Role, "x"), (forms[1]["RoleArn"], forms[1]["ExternalId"]));
        Assert.Null(sts.Requests[0].FindHeader("Authorization"));
        Assert.Contains("Credential=ASIA1/", sts.Requests[1].FindHeader("Authorization"));
        Assert.All(receiver.Requests, request => Assert.Contains("Credential=ASIA2/", request.FindHeader("Authorization")));
    }

    [Theory]
    [InlineData(403, "AccessDenied", typeof(DeliveryOutcome.Misconfigured))]
    [InlineData(400, "ExpiredTokenException", typeof(DeliveryOutcome.Misconfigured))]
    [InlineData(503, "ServiceUnavailable", typeof(DeliveryOutcome.Transient))]
    public async Task ARoleThatIsNotGivenIsSaid(int status, string code, Type expected)
    {
        await using var sts = HttpReceiver.Start(new HttpReply(
            status, $"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>not authorized to perform sts:AssumeRole</Message></Error></ErrorResponse>"));
        await using var receiver = Bucket();
        await using var destination = Open(receiver, sts, new { roleArn = Role });

        var outcome = await destination.SendAsync(SomeBatch.Json(2), Soon);

        Assert.IsType(expected, outcome);
        Assert.Contains(code, outcome.ToString());
        Assert.DoesNotContain(SecretText, outcome.ToString());
        Assert.Empty(receiver.Requests);
    }

    [Fact]
    public async Task AnEngineWithoutAWebIdentityIsTold()
    {
        await using var sts = HttpReceiver.Start(Issue);
        await using var receiver = Bucket();
        await using var destination = Open(receiver, sts, new { credential = "webIdentity", accessKeyId = (string?)null, secretAccessKey = (string?)null });

        var without = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(SomeBatch.Json(2), Soon));
        Environment.SetEnvironmentVariable("AWS_ROLE_ARN", PodRole);
        Environment.SetEnvironmentVariable("AWS_WEB_IDENTITY_TOKEN_FILE", tokenFile);
        var unreadable = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(SomeBatch.Json(2), Soon));

        Assert.Contains("AWS_ROLE_ARN", without.Reason);
        Assert.Contains("cannot be read", unreadable.Reason);
        Assert.Empty(sts.Requests);
    }

    [Theory]
    [InlineData("https://s3.example.com", null, false, "serverUrl")]
    [InlineData("https://s3.amazonaws.com.example.com", null, false, "serverUrl")]
    [InlineData("http://s3.eu-central-1.amazonaws.com", null, false, "serverUrl")]
    [InlineData("http://127.0.0.1:9", null, false, "serverUrl")]
    [InlineData("https://s3.eu-central-1.amazonaws.com", "https://sts.example.com", false, "settings.stsUrl")]
    [InlineData("https://s3.eu-central-1.amazonaws.com", "http://127.0.0.1:9", false, "settings.stsUrl")]
    [InlineData("https://s3.eu-central-1.amazonaws.com", null, true, "tls")]
    public async Task TheIdentityOfAPodIsShownToAwsAlone(string url, string? stsUrl, bool ownAuthorities, string field)
    {
        using var unknown = new CertificateAuthority("Mine", TimeProvider.System);
        await using var destination = S3Destination.Kind.Open(
            SomeSettings.For(url) with
            {
                Settings = SomeSettings.Own(new { bucket = "audit", credential = "webIdentity", stsUrl }), Tls = new TlsSettings(ownAuthorities ? unknown.Pem : null),
            },
            TimeProvider.System);

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(SomeBatch.Json(1), Soon));

        Assert.Contains($"{field} is invalid", outcome.Reason);
        Assert.Equal(ErrorCategory.Configuration, outcome.Category);
    }

    private static HttpReceiver Bucket() => HttpReceiver.Start(S3DestinationTests.Agree);

    private static IDestination Open(HttpReceiver receiver, HttpReceiver sts, object own)
    {
        var settings = System.Text.Json.JsonSerializer.SerializeToNode(own)!.AsObject();
        settings["stsUrl"] = $"http://127.0.0.1:{sts.Port}";
        return S3Destination.Kind.Open(
            SomeSettings.For($"http://127.0.0.1:{receiver.Port}") with { Settings = S3DestinationTests.Own(settings), ShowsIdentityToLoopback = true }, TimeProvider.System);
    }

    private HttpReply Issue(ReceivedRequest request)
    {
        var number = Interlocked.Increment(ref given);
        var action = HttpUtility.ParseQueryString(Encoding.UTF8.GetString(request.PlainBody))["Action"];
        return new HttpReply(200, $"""
            <{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>
            <AccessKeyId>ASIA{number}</AccessKeyId><SecretAccessKey>{SecretText}</SecretAccessKey><SessionToken>session-{number}</SessionToken>
            <Expiration>{TimeProvider.System.GetUtcNow().AddHours(1):yyyy-MM-dd'T'HH:mm:ss'Z'}</Expiration>
            </Credentials></{action}Result></{action}Response>
            """) { Headers = ["Content-Type: text/xml"] };
    }
}
