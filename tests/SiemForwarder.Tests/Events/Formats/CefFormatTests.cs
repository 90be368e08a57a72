using System.Text;
using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>CEF as document v27 and Microsoft's CommonSecurityLog want it.</summary>
public sealed class CefFormatTests
{
    [Fact]
    public void EveryKeyIsOfTheStandardAndWithinItsLength()
    {
        using var standard = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Shared("conformance", "cef", "cef_v27_keys.json")));
        var keys = standard.RootElement.GetProperty("keys");
        var longEvents = HostileText.Examples.Append(new string('x', 9000)).Select(text => FormatPropertyTests.HostileEvent(text));
        foreach (var securityEvent in RecordedEvents.Names.SelectMany(RecordedEvents.Normalized).Concat(longEvents))
        {
            foreach (var (key, value) in Parse(securityEvent, int.MaxValue).Pairs)
            {
                // Chapter 3 of the standard prescribes c6a2 for the source; its table of keys forgets it.
                if (key is "c6a2" or "c6a2Label")
                {
                    continue;
                }

                // Keys of one's own begin with vendor and product.
                if (key.StartsWith("SiemForwarderKeycloak", StringComparison.Ordinal))
                {
                    Assert.Matches("^[A-Za-z0-9]+$", key);
                    continue;
                }

                Assert.True(keys.TryGetProperty(key, out var definition), key);
                var length = definition.GetProperty("length");
                Assert.True(length.ValueKind == JsonValueKind.Null || value.Length <= length.GetInt32(), $"{key}: {value.Length}");
            }
        }
    }

    [Fact]
    public void TheFieldsOfTheSampleLoginAreReproduced()
    {
        var sample = CefParser.Parse(Sample("cef-login-error"));

        // The sample's user name, realm and redirect hold an equals sign, a pipe and a query.
        var message = Parse(new SecurityEvent
        {
            Id = sample["externalId"]!,
            Kind = EventKind.User,
            Type = "LOGIN_ERROR",
            Description = Some.LoginEvent().Description,
            OccurredAt = DateTimeOffset.FromUnixTimeMilliseconds(1762164930123),
            ReceivedAt = Some.ReceivedAt,
            Outcome = EventOutcome.Failure,
            Severity = 4,
            Source = new EventSource(1, "prod-eu", "prod|eu", "kc.example.com"),
            Position = 1,
            Reason = "invalid_user_credentials",
            Actor = new EventParty(sample["suid"], "zoë=ops", null, "prod|eu", null),
            Subject = new EventParty(sample["suid"], "zoë=ops", null, "prod|eu", null),
            ClientId = "account-console",
            SessionId = sample["cs3"],
            IpAddress = "192.0.2.10",
            Details = [new("auth_method", "openid-connect"), new("redirect_uri", "https://app.example.com/cb?a=1&b=2")],
        });

        Assert.Equal(sample.Header[4..], message.Header[4..]);
        foreach (var (key, value) in sample.Pairs.Where(pair => pair.Key is not ("msg" or "request" or "cs4" or "cs4Label")))
        {
            Assert.Equal(value, message[key]);
        }

        Assert.Equal("https://app.example.com/cb", message["request"]);
    }

    [Fact]
    public void TheFieldsOfTheSampleRoleGrantAreReproduced()
    {
        var sample = CefParser.Parse(Sample("cef-admin-role-grant-ipv6"));
        var raw = """
            {"id":"0d9c9f0e-6f7b-4a3a-9a53-2d1b8c7c1a05","time":1762164930123,"realmId":"r1","operationType":"CREATE","resourceType":"CLIENT_ROLE_MAPPING",
             "authDetails":{"realmId":"r1","clientId":"c0de","userId":"ce637d23-b89c-4fca-9088-1aea1d053e19","ipAddress":"2001:db8::7"},
             "resourcePath":"users/07972d16-b173-4c99-803d-90f211080f40/role-mappings/clients/b3","representation":"[{\"name\":\"realm-admin\"}]"}
            """;
        var message = Parse(Some.Normalized(EventStream.Admin, raw));

        Assert.Equal(sample.Header[4..], message.Header[4..]);
        foreach (var key in "rt start end cat act outcome externalId c6a2 c6a2Label suid duid dvchost deviceExternalId cs6Label cs6".Split(' '))
        {
            Assert.Equal(sample[key], message[key]);
        }

        Assert.Equal(("clientUuid", "c0de"), (message["cs2Label"], message["cs2"]));
        Assert.Equal(("realm-admin", "Client role granted realm-admin"), (message["dpriv"], message["msg"]));
        Assert.Null(message["src"]);
    }

    [Fact]
    public void TheEventTimeComesFirst() => Assert.Equal("rt", Parse(Some.LoginEvent()).Pairs[0].Key);

    [Theory]
    [InlineData("192.0.2.1", "src", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "src", "192.0.2.1")]
    [InlineData("::FFFF:c000:0201", "src", "192.0.2.1")]
    [InlineData("2001:db8::7", "c6a2", "2001:db8::7")]
    [InlineData("[2001:db8::7]", "c6a2", "2001:db8::7")]
    [InlineData("fe80::1%eth0", "shost", "fe80::1%eth0")]
    [InlineData("[2001:db8::7]:443", "c6a2", "2001:db8::7", "443")]
    [InlineData("192.0.2.1:51044, 10.0.0.1", "src", "192.0.2.1", "51044")]
    [InlineData("[::1]:99999999", "shost", "[::1]:99999999")]
    [InlineData("proxy.example.com", "shost", "proxy.example.com")]
    [InlineData("256.1.1.1", "shost", "256.1.1.1")]
    [InlineData("1.2.3", "shost", "1.2.3")]
    [InlineData("01.2.3.4", "shost", "01.2.3.4")]
    [InlineData("0x7f000001", "shost", "0x7f000001")]
    [InlineData("192.0.2.1 src=10.0.0.1", "shost", "192.0.2.1 src=10.0.0.1")]
    [InlineData("::ffff:zz:1", "shost", "::ffff:zz:1")]
    public void AnAddressGoesUnderTheKeyOfItsKind(string address, string key, string value, string? port = null)
    {
        var message = Parse(Some.LoginEvent(ip: address));

        Assert.Equal(value, message[key]);
        Assert.Single(message.Pairs, pair => pair.Key is "src" or "c6a2" or "shost");
        Assert.Equal(key == "c6a2" ? "Source IPv6 Address" : null, message["c6a2Label"]);
        Assert.Equal(port, message["spt"]);
    }

    [Fact]
    public void KeysWithoutAValueAreLeftOut()
    {
        var message = Parse(Some.Normalized(EventStream.User, """{"type":"LOGIN","details":{"username":" ","auth_method":"\n"}}"""));

        Assert.All(message.Pairs, pair => Assert.NotEmpty(pair.Value));
        Assert.Null(message["suser"]);
        Assert.Null(message["app"]);
        Assert.Null(message["cs2Label"]);
    }

    [Fact]
    public void LineBreaksAreEscapedOnceEach()
    {
        var text = FormatSettings.Text(FormatSettings.Write("cef", Some.LoginEvent(userName: "a\r\nb\nc\rd\\n=e|f\tg")));

        Assert.Contains(@" suser=a\nb\nc\rd\\n\=e|f g suid=", text, StringComparison.Ordinal);
    }

    [Fact]
    public void HeaderFieldsEscapeBackslashAndPipeOnly()
    {
        var pushed = Some.Normalized(EventStream.Pushed, """{"event_type":"a|b\\c=d\ne","name":"x|y"}""");

        Assert.Contains(@"|1.0.0|a\|b\\c=d e|x\|y|3|rt=", FormatSettings.Text(FormatSettings.Write("cef", pushed)), StringComparison.Ordinal);
    }

    [Fact]
    public void TheMessageSaysWhatHappenedAndWhy()
    {
        var refused = Some.Normalized(EventStream.User, """{"type":"CODE_TO_TOKEN_ERROR","error":"invalid_code","details":{"reason":"Code not valid"}}""");

        Assert.Equal("Authorization code exchange failed: invalid_code (Code not valid)", Parse(refused)["msg"]);
    }

    private static CefParser Parse(SecurityEvent securityEvent, int maxBytes = FormatSettings.DefaultMaxBytes) =>
        CefParser.Parse(FormatSettings.Text(FormatSettings.Write("cef", securityEvent, maxBytes)));

    private static string Sample(string name)
    {
        var samples = File.ReadLines(RepositoryFiles.Shared("conformance", "samples", "wire_samples.jsonl"), Encoding.UTF8);
        return samples.Select(line => JsonDocument.Parse(line).RootElement).Single(sample => sample.GetProperty("name").GetString() == name).GetProperty("text").GetString()!;
    }
}
