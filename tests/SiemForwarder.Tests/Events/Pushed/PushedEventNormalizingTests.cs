using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using SiemForwarder.Events;
using SiemForwarder.Tests.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Pushed;

/// <summary>Events that were posted in the native schema keep the names that their senders chose.</summary>
public sealed class PushedEventNormalizingTests
{
    [Fact]
    public void AnyNamePassesWithItsFields()
    {
        const string Json = """
            {"event_type":"account.provisioned","timestamp":"2025-11-03T11:15:30.123+01:00","event_id":"e-1","transaction_id":"t-1","requestor":"bob",
             "subject":"alice","subject_id":"u1","context":{"system":"crm","secret":"S3CRET"},"org_id":"acme-org","ip_address":"192.0.2.1","location":{"city":"Bonn"}}
            """;

        var pushed = Some.Normalized(EventStream.Pushed, Json);

        Assert.Equal(("account.provisioned", "e-1", EventKind.Application, "iam"), (pushed.Type, pushed.Id, pushed.Kind, pushed.Description.Category));
        Assert.Equal(1762164930123, pushed.OccurredAt.ToUnixTimeMilliseconds());
        Assert.Equal(("bob", "alice", "u1", "t-1", "192.0.2.1"), (pushed.Actor?.Name, pushed.Subject?.Name, pushed.Subject?.Id, pushed.TransactionId, pushed.IpAddress));
        Assert.Equal([new("system", "crm"), new("secret", "**********")], pushed.Details);
        Assert.Equal(EventLocation.Nowhere with { City = "Bonn" }, pushed.Location);
        Assert.Equal("acme-org", pushed.Source.Realm);
        Assert.Equal(EventOutcome.Success, pushed.Outcome);
    }

    [Theory]
    [InlineData("1762164930123")]
    [InlineData("1762164930")]
    [InlineData("\"2025-11-03T10:15:30Z\"")]
    public void TimestampsAreTakenInTheFormsThatOccur(string timestamp) =>
        Assert.Equal(1762164930, Some.Normalized(EventStream.Pushed, $$"""{"event_type":"x","timestamp":{{timestamp}}}""").OccurredAt.ToUnixTimeSeconds());

    [Fact]
    public void EventsOfTheForwarderAreOperational() =>
        Assert.Equal(EventKind.Operational, Some.Normalized(EventStream.Forwarder, """{"event_type":"forwarder.gap","severity":8}""").Kind);

    [Theory]
    [InlineData("transaction.denied", null, EventOutcome.Failure, 5)]
    [InlineData("transaction.denied", "success", EventOutcome.Success, 5)]
    [InlineData("account.provisioned", null, EventOutcome.Success, 4)]
    [InlineData("account.provisioned", "failure", EventOutcome.Failure, 5)]
    [InlineData("audit", null, EventOutcome.Unknown, 2)]
    [InlineData("LOGIN_ERROR", null, EventOutcome.Failure, 4)]
    [InlineData("order.cancelled", null, EventOutcome.Unknown, 3)]
    public void AnEventThatDoesNotSayHowItEndedEndedAsItsTypeSays(string type, string? outcome, EventOutcome expected, int severity)
    {
        var pushed = Some.Normalized(EventStream.Pushed, $$"""{"event_type":"{{type}}","outcome":{{(outcome is null ? "null" : $"\"{outcome}\"")}}}""");

        Assert.Equal((expected, severity), (pushed.Outcome, pushed.Severity));
    }

    [Theory]
    [InlineData("""{"latitude":91,"longitude":0}""", null)]
    [InlineData("""{"latitude":1e999,"city":"Bonn"}""", null)]
    [InlineData("""{"latitude":"50.7","autonomousSystemNumber":-1}""", null)]
    [InlineData("""{"lat":50.7,"lon":7.1,"accuracyRadiusKm":1e12}""", null)]
    [InlineData("""{"city":"Bonn","planet":"Earth","key":{"password":"S3CRET"}}""", """{"city":"Bonn","planet":"Earth","key":{"password":"**********"}}""")]
    [InlineData("\"Bonn\"", "Bonn")]
    public void WhatIsNoLocationIsKeptAsItWasSentAndHarmsNoFormat(string location, string? detail)
    {
        var pushed = Some.Normalized(EventStream.Pushed, $$"""{"event_type":"x","event_id":"e1","location":{{location}}}""");

        Assert.Equal(detail, pushed.Details.Count == 0 ? null : pushed.Details.Single().Value);
        Assert.All(FormatSettings.Names, name => Assert.NotEmpty(FormatSettings.Write(name, pushed)));
    }

    [Theory]
    [InlineData("""{"event_type":"x","event_id":"e1","representation":"{\"password\":\"S3CRET\"}"}""")]
    [InlineData("""{"event_type":"x","event_id":"e1","representation":{"credentials":[{"value":"S3CRET"}]},"context":{"client.secret":"S3CRET","list":[{"token":"S3CRET"}]},"password":"S3CRET"}""")]
    [InlineData("""{"type":"system.x","id":"e1","representation":"{\"clientSecret\":\"S3CRET\"}","details":{"refresh_token":"S3CRET"}}""")]
    [InlineData("""{"type":"access.LOGIN","id":"e1","representation":"{\"clientSecret\":\"S3CRET\"}","details":{"refresh_token":"S3CRET"}}""")]
    public void NoSecretThatIsPushedComesOutOfAnyFormat(string json)
    {
        var pushed = Some.Normalized(EventStream.Pushed, json);

        Assert.All(FormatSettings.Names, name => Assert.DoesNotContain("S3CRET", FormatSettings.Text(FormatSettings.Write(name, pushed)), StringComparison.Ordinal));
    }

    [Fact]
    public void NothingThatIsPushedChangesTheStructureOfWhatIsSent() => Prop.ForAll(HostileText.Any(), text =>
    {
        var valid = HostileText.Valid(text);
        var pushed = Some.Normalized(EventStream.Pushed, JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["event_type"] = "account.provisioned", ["event_id"] = "e1", ["timestamp"] = 1762164930123, ["subject"] = valid, ["requestor_id"] = valid, ["org_id"] = valid,
            ["reason"] = valid, ["ip_address"] = valid, ["resource_type"] = valid, ["resource_name"] = valid, ["operation"] = valid, ["severity"] = valid,
            ["location"] = new Dictionary<string, object> { ["city"] = valid, ["country"] = valid, ["x" + valid] = valid },
            ["context"] = new Dictionary<string, object> { ["k" + valid] = valid }, ["z" + valid] = new[] { valid },
        }));

        foreach (var name in FormatSettings.Names)
        {
            var line = FormatSettings.Text(FormatSettings.Write(name, pushed));
            Assert.Equal(-1, line.AsSpan().IndexOfAny('\n', '\r'));
            if (line.StartsWith('{'))
            {
                using var document = JsonDocument.Parse(line);
                Assert.Contains("account.provisioned", line, StringComparison.Ordinal);
            }
        }

        var cef = CefParser.Parse(FormatSettings.Text(FormatSettings.Write("cef", pushed)));
        Assert.Equal(("account.provisioned", "success"), (cef.Header[4], cef["outcome"]));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(Thoroughness.Runs(150)));
}
