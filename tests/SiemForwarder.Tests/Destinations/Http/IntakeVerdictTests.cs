using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http;
using SiemForwarder.Destinations.Http.Otlp;
using SiemForwarder.Destinations.Http.Sentinel;

namespace SiemForwarder.Tests.Destinations.Http;

/// <summary>How an answer becomes the outcome of a batch and the fault of a test, and both say the same.</summary>
public sealed class IntakeVerdictTests
{
    private static readonly HttpAnswer Accepted = new("https://siem:443", 200, "its words") { RetryAfter = TimeSpan.FromSeconds(3) };

    [Theory]
    [InlineData(200, false, "delivered: HTTP 200: its words")]
    [InlineData(200, true, "misconfigured Configuration: Integration 'corp': https://siem:443 answered HTTP 200 with a web page. This looks like a login page or a user interface, not an intake: check host, port and path of the server URL. | Configuration needs a change: https://siem:443 answered HTTP 200 with a web page. / This looks like a login page or a user interface, not an intake: check host, port and path of the server URL.")]
    [InlineData(400, false, "rejected: Integration 'corp': https://siem:443 answered HTTP 400, bad request. Its answer: its words Check that the receiver expects this output type, schema and body. [HTTP 400: its words] | Rejected needs a change: https://siem:443 answered HTTP 400, bad request. Its answer: its words / Check that the receiver expects this output type, schema and body.")]
    [InlineData(404, true, "misconfigured Configuration: Integration 'corp': https://siem:443 answered HTTP 404, not found. Check the path of the server URL. The answer is a web page, so this may not be the intake at all. | Configuration needs a change: https://siem:443 answered HTTP 404, not found. / Check the path of the server URL. The answer is a web page, so this may not be the intake at all.")]
    [InlineData(503, true, "transient ServerError 3 s: Integration 'corp': https://siem:443 answered HTTP 503, an internal error. The batch is sent again; if this persists, check the receiver's health. | ServerError: https://siem:443 answered HTTP 503, an internal error. / The batch is sent again; if this persists, check the receiver's health.")]
    public void AnAnswerIsJudgedByTheTableUnlessItIsAWebPage(int status, bool isHtml, string expected) =>
        Assert.Equal(expected, Told.Of(IntakeVerdict.Of(Accepted with { Status = status, IsHtml = isHtml }, "corp")));

    [Theory]
    [InlineData(299, "")]
    [InlineData(300, " It points to https://b.")]
    [InlineData(399, " It points to https://b.")]
    [InlineData(400, "")]
    public void OnlyARedirectNamesWhereItPoints(int status, string expected)
    {
        var fault = (Accepted with { Status = status, Text = "", Location = "https://b", IsHtml = true }).ToFault();

        Assert.Equal(expected.Length > 0, fault!.What.EndsWith(" It points to https://b.", StringComparison.Ordinal));
        Assert.Equal(expected.Length == 0, !fault.What.Contains("https://b", StringComparison.Ordinal));
    }

    [Fact]
    public void AnAnswerInShortIsItsStatusAndItsWordsButNeverAPage()
    {
        Assert.Equal("HTTP 200: its words", Accepted.InShort);
        Assert.Equal("HTTP 200", (Accepted with { Text = "" }).InShort);
        Assert.Equal("HTTP 200", (Accepted with { IsHtml = true }).InShort);
        Assert.Equal("text", Accepted.Hide("text"));
    }

    [Fact]
    public void ADestinationThatKnowsBetterDecidesItself()
    {
        Assert.Equal("delivered: HTTP 200: its words", Told.Of(Of(HttpVerdict.Delivered)));
        Assert.Equal("rejected: Integration 'corp': What. Advice. [HTTP 200: its words] | RateLimited needs a change: What. / Advice.", Told.Of(Of(HttpVerdict.Rejected)));
        Assert.Equal("transient RateLimited 3 s: Integration 'corp': What. Advice. | RateLimited: What. / Advice.", Told.Of(Of(HttpVerdict.Transient)));
        Assert.Equal("misconfigured RateLimited: Integration 'corp': What. Advice. | RateLimited needs a change: What. / Advice.", Told.Of(Of(HttpVerdict.Misconfigured)));
        Assert.Equal("delivered: HTTP 200: its words; slow down 3 s: Integration 'corp': why", Told.Of(IntakeVerdict.Delivered(Accepted, "corp", "why")));

        static IntakeVerdict Of(HttpVerdict verdict) => IntakeVerdict.Of(Accepted, "corp", verdict, ErrorCategory.RateLimited, "What.", "Advice.");
    }

    [Fact]
    public void AFaultWaitsUnlessSomebodyHasToChangeSomething()
    {
        Assert.Equal("transient Tls -: Integration 'corp': What. Advice. | Tls: What. / Advice.", Told.Of(IntakeVerdict.Of(new Fault(ErrorCategory.Tls, "What.", "Advice."), "corp")));
        Assert.Equal(
            "misconfigured Tls: Integration 'corp': What. Advice. | Tls needs a change: What. / Advice.",
            Told.Of(IntakeVerdict.Of(new Fault(ErrorCategory.Tls, "What.", "Advice.", NeedsChange: true), "corp")));
    }

    [Theory]
    [InlineData("", 0, "")]
    [InlineData("{}", 0, "")]
    [InlineData("{\"partialSuccess\":7}", 0, "")]
    [InlineData("{\"partialSuccess\":{}}", 0, "")]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":3,\"errorMessage\":\"no\"}}", 3, "no")]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":\"3\",\"errorMessage\":5}}", 3, "")]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":\"-3\"}}", 0, "")]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":\"x\"}}", 0, "")]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":1.5}}", 0, "")]
    [InlineData("{\"partialSuccess\":{\"rejectedLogRecords\":true}}", 0, "")]
    [InlineData("{\"partialSuccess\":", 0, "")]
    public void ACollectorSaysInJsonHowManyRecordsItRefused(string body, long rejected, string message) =>
        Assert.Equal(new OtlpAnswer(rejected, message), OtlpAnswer.Read(Encoding.UTF8.GetBytes(body)));

    [Theory]
    [InlineData("0A060803120" + "26E6F", 3, "no")]
    [InlineData("0A0412026E6F", 0, "no")]
    [InlineData("0A020803", 3, "")]
    [InlineData("1005" + "0A020803", 3, "")]
    [InlineData("1A020805", 0, "")]
    [InlineData("0A04" + "18090803", 3, "")]
    [InlineData("0A", 0, "")]
    [InlineData("0A0608", 0, "")]
    [InlineData("FF", 0, "")]
    public void ACollectorSaysInProtobufHowManyRecordsItRefused(string hex, long rejected, string message) =>
        Assert.Equal(new OtlpAnswer(rejected, message), OtlpAnswer.Read(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("{\"error\":{\"code\":\"InvalidStream\",\"message\":\"x\"}}", "InvalidStream")]
    [InlineData("{\"error\":{\"code\":7}}", null)]
    [InlineData("{\"error\":{}}", null)]
    [InlineData("{\"error\":\"x\"}", null)]
    [InlineData("{}", null)]
    [InlineData("[]", null)]
    [InlineData("", null)]
    [InlineData("<html>", null)]
    public void AnAnswerOfAzureNamesItsError(string body, string? code) => Assert.Equal(code, SentinelErrorCode.Find(Encoding.UTF8.GetBytes(body)));

    [Theory]
    [InlineData("InvalidStream", "settings.stream")]
    [InlineData("dcrnotfound", "settings.ruleId")]
    [InlineData("InvalidDataCollectionRule", "settings.ruleId")]
    [InlineData("TableNotFound", "table")]
    [InlineData("UnsupportedApiVersion", "version")]
    [InlineData("InvalidPayload", null)]
    public void AnErrorOfASettingSaysWhichOne(string code, string? part)
    {
        var advice = SentinelErrorCode.AdviceOf(code);

        Assert.Equal(part is null, advice is null);
        Assert.Contains(part ?? "", advice ?? "", StringComparison.Ordinal);
    }
}
