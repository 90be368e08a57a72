using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Http.Splunk;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Http.Splunk;

public sealed class SplunkHecDestinationTests : HttpDestinationContract
{
    private const string Channel = "5c0c5a5e-8f0b-4c5e-9d1f-6f1f5b2a7c11";

    public static TheoryData<int, int, string, string> Codes()
    {
        var rows = new TheoryData<int, int, string, string>();
        var file = Path.Combine(Support.RepositoryFiles.Root, "..", "shared", "conformance", "hec", "reply_codes.csv");
        foreach (var line in File.Exists(file) ? File.ReadLines(file).Skip(1) : [])
        {
            var (open, close) = (line.IndexOf('"'), line.LastIndexOf('"'));
            var numbers = line[..open].Split(',');
            rows.Add(int.Parse(numbers[0]), int.Parse(numbers[1]), line[(open + 1)..close], line[(close + 2)..]);
        }

        return rows;
    }

    protected override HttpReply Accepted => new(200, "{\"text\":\"Success\",\"code\":0}");

    internal override IDestination Open(DestinationSettings settings) => OpenWith(settings, new { token = SecretText });

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Fact]
    public async Task EventsBecomeEnvelopesWithOnlyTheKnownKeys()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenWith(SomeSettings.For(UrlOf(receiver)) with { Http = new(Gzip: true) }, new { token = SecretText, index = "idm", channel = Channel });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        var request = Assert.Single(receiver.Requests);
        Assert.Equal("POST /in/services/collector/event HTTP/1.1", request.RequestLine);
        Assert.Equal("Splunk " + SecretText, request.FindHeader("Authorization"));
        Assert.Equal(Channel, request.FindHeader("X-Splunk-Request-Channel"));
        Assert.Equal("gzip", request.FindHeader("Content-Encoding"));
        Assert.Equal(
            """
            {"time":1762164930.123,"host":"kc.example.com","source":"keycloak:main","sourcetype":"keycloak:event","index":"idm","fields":{"realm":"prod"},"event":{"n":0}}
            {"time":1762164930.124,"host":"kc.example.com","source":"keycloak:main","sourcetype":"keycloak:event","index":"idm","fields":{"realm":"prod"},"event":{"n":1}}

            """.ReplaceLineEndings("\n"),
            ToText(request.PlainBody));
    }

    [Fact]
    public async Task TextBecomesAStringThatCannotEndTheEnvelope()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)) with { Http = new(ContentType: "text/plain") });
        const string Line = "CEF:0|a\"},{\"event\":\"forged\nCEF:0|b";

        await destination.SendAsync(SomeBatch.Of(Line), Soon);

        using var envelope = JsonDocument.Parse(receiver.Requests[0].Body);
        Assert.Equal(Line, envelope.RootElement.GetProperty("event").GetString());
    }

    [Fact]
    public async Task RawSendsTheLinesAloneAndNamesTheirTypeInTheQuery()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenWith(SomeSettings.For(UrlOf(receiver)), new { token = SecretText, endpoint = "raw", channel = Channel, sourceType = "key cloak" });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        var request = Assert.Single(receiver.Requests);
        Assert.Equal($"POST /in/services/collector/raw?channel={Channel}&sourcetype=key%20cloak HTTP/1.1", request.RequestLine);
        Assert.Equal("{\"n\":0}\n{\"n\":1}\n", ToText(request.Body));
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task EveryReplyCodeHasItsOutcome(int code, int status, string text, string action)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(status, $"{{\"text\":\"{text}\",\"code\":{code}}}"));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var outcome = await destination.SendAsync(Batch(), Soon);

        Assert.IsType(
            action switch
            {
                "ok" or "ok-slow-down" => typeof(DeliveryOutcome.Delivered),
                "retry" => typeof(DeliveryOutcome.Transient),
                "config" => typeof(DeliveryOutcome.Misconfigured),
                _ => typeof(DeliveryOutcome.Rejected),
            },
            outcome);
    }

    [Fact]
    public void TheTableOfCodesIsThere()
    {
        Support.RepositoryFiles.Shared("conformance", "hec", "reply_codes.csv");
        Assert.Equal(28, Codes().Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task TheBadEventIsRefusedAndOnlyWhatFollowsIsSentAgain(int bad)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(400, $"{{\"text\":\"Event field cannot be blank\",\"code\":13,\"invalid-event-number\":{bad}}}"));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var outcome = Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(Batch(5), Soon));

        Assert.Equal(bad, Assert.Single(outcome.Refused).Index);
        Assert.Equal(Enumerable.Range(bad + 1, 4 - bad), outcome.Retry);
        AssertReadable(outcome.Refused[0].Reason);
    }

    [Fact]
    public async Task ABatchCountsOnceTheIndexersConfirmIt()
    {
        var questions = 0;
        await using var receiver = HttpReceiver.Start(request => request.RequestLine.Contains("/ack?")
            ? new HttpReply(200, $"{{\"acks\":{{\"7\":{(++questions == 3 ? "true" : "false")}}}}}")
            : new HttpReply(200, "{\"text\":\"Success\",\"code\":0,\"ackId\":7}"));
        await using var destination = OpenAcknowledged(receiver, TimeSpan.FromSeconds(10));

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(3, questions);
        Assert.Equal($"POST /in/services/collector/ack?channel={Channel} HTTP/1.1", receiver.Requests[^1].RequestLine);
        Assert.Equal("{\"acks\":[7]}", ToText(receiver.Requests[^1].Body));
    }

    [Theory]
    [InlineData(200, "{\"acks\":{\"7\":false}}")]
    [InlineData(200, "{\"acks\":{\"8\":true}}")]
    [InlineData(200, "[]")]
    [InlineData(503, "")]
    public async Task ABatchThatIsNeverConfirmedIsSentAgain(int status, string answer)
    {
        await using var receiver = HttpReceiver.Start(request => request.RequestLine.Contains("/ack?")
            ? new HttpReply(status, answer)
            : new HttpReply(200, "{\"text\":\"Success\",\"code\":0,\"ackId\":7}"));
        await using var destination = OpenAcknowledged(receiver, TimeSpan.FromMilliseconds(100));

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(ErrorCategory.Timeout, outcome.Category);
        AssertReadable(outcome.Reason);
    }

    [Theory]
    [InlineData(24)]
    [InlineData(25)]
    public async Task ACollectorNearItsCapacityTookTheBatchAndAsksForFewer(int code)
    {
        await using var receiver = HttpReceiver.Start(request => request.RequestLine.Contains("/ack?")
            ? new HttpReply(200, "{\"acks\":{\"7\":true}}")
            : new HttpReply(200, $"{{\"text\":\"approaching\",\"code\":{code},\"ackId\":7}}") { Headers = ["Retry-After: 9"] });
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));
        await using var acknowledged = OpenAcknowledged(receiver, TimeSpan.FromSeconds(10));

        foreach (var sender in new[] { destination, acknowledged })
        {
            var slowDown = Assert.IsType<DeliveryOutcome.Delivered>(await sender.SendAsync(Batch(), Soon)).SlowDown;

            Assert.Equal(TimeSpan.FromSeconds(9), slowDown!.Wait);
            Assert.Contains("close to capacity", slowDown.Reason);
            AssertReadable(slowDown.Reason);
        }
    }

    [Fact]
    public async Task AnIndexThatIsNotAllowedNamesItsEventFromOneAndHoldsTheRest()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(400, "{\"text\":\"Incorrect index\",\"code\":7,\"invalid-event-number\":3}"));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var partial = Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(Batch(5), Soon));
        var first = await destination.SendAsync(Batch(2), Soon);

        Assert.Empty(partial.Refused);
        Assert.Equal([2, 3, 4], partial.Retry);
        AssertReadable(partial.Answer);
        Assert.IsType<DeliveryOutcome.Misconfigured>(first);
    }

    [Theory]
    [InlineData("true", new[] { 3, 4 }, "2 events indexed")]
    [InlineData("false", new[] { 0, 1, 3, 4 }, "not confirmed in time")]
    public async Task WhatStandsBeforeABadEventIsAskedForWhereThereIsANumber(string confirmed, int[] retry, string said)
    {
        await using var receiver = HttpReceiver.Start(request => request.RequestLine.Contains("/ack?")
            ? new HttpReply(200, $"{{\"acks\":{{\"7\":{confirmed}}}}}")
            : new HttpReply(400, "{\"text\":\"Event field is required\",\"code\":12,\"invalid-event-number\":2,\"ackId\":7}"));
        await using var destination = OpenAcknowledged(receiver, TimeSpan.FromMilliseconds(100));

        var outcome = Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(Batch(5), Soon));

        Assert.Equal(2, Assert.Single(outcome.Refused).Index);
        Assert.Equal(retry, outcome.Retry);
        Assert.Contains(said, outcome.Answer);
    }

    [Fact]
    public async Task WithoutANumberNobodySaysThatTheyAreIndexed()
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(400, "{\"text\":\"Event field is required\",\"code\":12,\"invalid-event-number\":2}"));
        await using var destination = OpenAcknowledged(receiver, TimeSpan.FromSeconds(5));

        var outcome = Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(Batch(5), Soon));

        Assert.Equal([3, 4], outcome.Retry);
        Assert.Contains("the indexing cannot be confirmed", outcome.Answer);
        Assert.Single(receiver.Requests);
    }

    [Fact]
    public async Task ATokenWithoutAcknowledgementIsSaid()
    {
        await using var receiver = HttpReceiver.Start(Accepted);
        await using var destination = OpenAcknowledged(receiver, TimeSpan.FromSeconds(5));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        Assert.Contains("settings.acknowledge", outcome.Reason);
        Assert.Single(receiver.Requests);
    }

    [Theory]
    [InlineData("<html><body>Splunk</body></html>")]
    [InlineData("ok")]
    [InlineData("")]
    public async Task WhatIsNoCollectorHasTakenNothing(string body)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(200, body));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        Assert.Contains("8088", outcome.Reason);
    }

    [Theory]
    [InlineData(413, typeof(DeliveryOutcome.Rejected))]
    [InlineData(415, typeof(DeliveryOutcome.Misconfigured))]
    public async Task AnswersInHtmlAreReadByTheirStatus(int status, Type expected)
    {
        await using var receiver = HttpReceiver.Start(new HttpReply(status, "<!doctype html><html><head><title>Content-Length of 2000000 too large</title>"));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        Assert.IsType(expected, await destination.SendAsync(Batch(), Soon));
    }

    [Fact]
    public async Task ATestAsksWithoutDataFirstAndShowsTheEnvelope()
    {
        await using var receiver = HttpReceiver.Start(request => request.Body.Length == 0 ? new HttpReply(400, "{\"text\":\"No data\",\"code\":5}") : Accepted);
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var report = await destination.TestAsync(Batch(1), Soon);

        Assert.True(report.Succeeded, string.Join('\n', report.Stages));
        Assert.Equal(TestStageResult.Passed, report.Stages[3].Result);
        Assert.Equal(2, receiver.Requests.Count);
        Assert.Contains("Authorization: Splunk ***\r\n", ToText(report.Sent));
        Assert.Contains("\"event\":{\"n\":0}", ToText(report.Sent));
        Assert.EndsWith("\"code\":0}", ToText(report.Received));
    }

    [Theory]
    [InlineData(403, 4, TestStageName.Authentication, "settings.token")]
    [InlineData(400, 7, TestStageName.Acceptance, "settings.index")]
    public async Task ATestSaysWhichSettingIsWrong(int status, int code, string stage, string advice)
    {
        await using var receiver = HttpReceiver.Start(request => request.Body.Length == 0 && code == 7
            ? new HttpReply(400, "{\"text\":\"No data\",\"code\":5}")
            : new HttpReply(status, $"{{\"text\":\"no\",\"code\":{code}}}"));
        await using var destination = Open(SomeSettings.For(UrlOf(receiver)));

        var failed = Assert.Single((await destination.TestAsync(Batch(1), Soon)).Stages, each => each.Result == TestStageResult.Failed);

        Assert.Equal(stage, failed.Name);
        Assert.Contains(advice, failed.Advice);
    }

    [Fact]
    public void WithAcknowledgementItPromisesMore()
    {
        Assert.Equal(Acceptance.Indexed, SplunkHecDestination.Kind.AcceptanceWith!(SomeSettings.Own(new { acknowledge = true })));
        Assert.Equal(Acceptance.Acknowledged, SplunkHecDestination.Kind.AcceptanceWith(null));
    }

    [Fact]
    public void WrongSettingsAreNamed()
    {
        var faults = SplunkHecDestination.Kind.CheckSettings!(SomeSettings.Own(new { token = 1, endpoint = "soap", channel = "x", acknowledge = "yes", tokn = "y" }));

        Assert.Equal(
            ["settings.acknowledge", "settings.channel", "settings.endpoint", "settings.token", "settings.tokn"],
            faults.Select(fault => fault.Field).Order(StringComparer.Ordinal));
        Assert.Empty(SplunkHecDestination.Kind.CheckSettings(null));
        Assert.Empty(SplunkHecDestination.Kind.CheckSettings(SomeSettings.Own(new { tokenSet = true })));
    }

    private static IDestination OpenWith(DestinationSettings settings, object own) =>
        SplunkHecDestination.Kind.Open(settings with { Settings = SomeSettings.Own(own) }, TimeProvider.System);

    private SplunkHecDestination OpenAcknowledged(HttpReceiver receiver, TimeSpan limit) => new(
        SomeSettings.For(UrlOf(receiver)),
        TimeProvider.System,
        SplunkHecSettings.Read(new SettingReader(SomeSettings.Own(new { token = SecretText, acknowledge = true, channel = Channel }))) with
        {
            AcknowledgementPause = TimeSpan.FromMilliseconds(5),
            AcknowledgementLimit = limit,
        });
}
