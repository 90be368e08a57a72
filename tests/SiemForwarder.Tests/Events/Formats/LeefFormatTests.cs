using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using SiemForwarder.Events.Formats.Cef;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>LEEF as QRadar reads it: IBM's attributes, custom keys of letters and digits, nothing forged by a value.</summary>
public sealed class LeefFormatTests
{
    private static readonly string[] CustomKeys =
    [
        "eventId", "outcome", "reason", "actorName", "actorId", "sessionId", "clientId", "resourcePath", "msg",
        "srcName", "dstName", "test", "deprecatedDuplicate", "truncated",
    ];

    [Fact]
    public void AFailedLoginIsWrittenInIbmsAttributes()
    {
        var message = LeefParser.Parse(Leef(Some.LoginEvent()));

        Assert.Equal(["2.0", "SiemForwarder", "Keycloak", "1.0.0", "LOGIN_ERROR", "x09"], message.Header);
        var expected = new Dictionary<string, string>
        {
            ["devTime"] = "1762164930123", ["cat"] = "authentication", ["sev"] = "4", ["src"] = "192.0.2.10", ["usrName"] = "alice",
            ["accountName"] = "15745079-6780-4b93-80d9-c0d3480885d3", ["realm"] = "acme", ["resource"] = "web-app", ["outcome"] = "failure",
            ["reason"] = "invalid_user_credentials", ["eventId"] = "0d9c9f0e-6f7b-4a3a-9a53-2d1b8c7c1a01", ["url"] = "https://app.example.com/cb",
            ["dstName"] = "kc.example.com",
        };
        Assert.All(expected, pair => Assert.Equal(pair.Value, message[pair.Key]));
    }

    [Fact]
    public void EveryRecordedEventHasOnlyIbmsKeysInTheirLimitsAndOurs()
    {
        using var attributes = JsonDocument.Parse(File.ReadAllText(RepositoryFiles.Shared("conformance", "leef", "leef_2_attributes.json")));
        foreach (var securityEvent in RecordedEvents.Names.SelectMany(RecordedEvents.Normalized))
        {
            foreach (var (key, value) in LeefParser.Parse(Leef(securityEvent)).Attributes)
            {
                if (!attributes.RootElement.GetProperty("attributes").TryGetProperty(key, out var attribute))
                {
                    Assert.Contains(key, CustomKeys.Concat(OwnFields.All.Select(field => System.Text.Encoding.ASCII.GetString(field.Leef))));
                    continue;
                }

                Assert.False(attribute.TryGetProperty("reserved", out _), key);
                Assert.True(attribute.GetProperty("type").GetString() != "ip_address" || System.Net.IPAddress.TryParse(value, out _), value);
                Assert.True(!attribute.TryGetProperty("limits", out var limits) || limits.GetString() != "255" || value.Length <= 255, key);
                Assert.True(key != "sev" || value is "1" or "2" or "3" or "4" or "5" or "6" or "7" or "8" or "9" or "10", value);
            }
        }
    }

    [Fact]
    public void TheSampleOnTheWireHasTheSameShape()
    {
        var samples = File.ReadLines(RepositoryFiles.Shared("conformance", "samples", "wire_samples.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var text = samples.Single(sample => sample.GetProperty("name").GetString() == "leef2-login-error").GetProperty("text").GetString()!;
        var ours = LeefParser.Parse(Leef(Some.LoginEvent(userName: "zoë=ops")));
        var sample = LeefParser.Parse(text);

        Assert.Equal(sample.Header.Skip(4), ours.Header.Skip(4));
        Assert.Subset(ours.Attributes.Select(pair => pair.Key).ToHashSet(), sample.Attributes.Select(pair => pair.Key).ToHashSet());
        Assert.All("devTime cat sev src usrName accountName outcome reason eventId".Split(' '), key => Assert.Equal(sample[key], ours[key]));
    }

    [Fact]
    public void TheLeefFieldFollowsTheHostUnlessATagIsChosen()
    {
        var settings = FormatSettings.For("leef-3164");

        Assert.StartsWith("<84>Nov  3 10:15:30 kc.example.com LEEF:2.0|", FormatSettings.Text(FormatSettings.Write("leef-3164", Some.LoginEvent())), StringComparison.Ordinal);
        var tagged = EventFormatCatalog.Create(settings with { Syslog = settings.Syslog! with { AppName = "keycloak" } });
        Assert.StartsWith("<84>Nov  3 10:15:30 kc.example.com keycloak: LEEF:2.0|", FormatSettings.Text(FormatSettings.Write(tagged, Some.LoginEvent())), StringComparison.Ordinal);
        Assert.Equal(SyslogFormat.Rfc3164, EventFormatCatalog.DefaultSyslogFormat(OutputType.Leef));
        Assert.Equal(SyslogFormat.Rfc5424, EventFormatCatalog.DefaultSyslogFormat(OutputType.Cef));
    }

    [Theory]
    [InlineData("2001:db8::1", "src", "2001:db8::1")]
    [InlineData("::ffff:192.0.2.1", "src", "192.0.2.1")]
    [InlineData("proxy.example.com", "srcName", "proxy.example.com")]
    [InlineData("[2001:db8::1]:443", "src", "2001:db8::1")]
    [InlineData("[2001:db8::1]:443", "srcPort", "443")]
    [InlineData("fe80::1%eth0", "srcName", "fe80::1%eth0")]
    public void OnlyAnAddressIsAnAddress(string address, string key, string expected) =>
        Assert.Equal(expected, LeefParser.Parse(Leef(Some.LoginEvent(ip: address)))[key]);

    [Fact]
    public void EveryValueComesBackAndNoKeyIsForged() => Prop.ForAll(HostileText.Any(), text =>
    {
        var message = LeefParser.Parse(Leef(FormatPropertyTests.HostileEvent(text)));

        var expected = HostileText.Valid(HostileText.Spaced(HostileText.TrimBlank(HostileText.Shown(HostileText.TrimBlank(text), 255))));
        Assert.Equal(expected, message["usrName"] ?? "");
        Assert.Equal(expected, message["actorName"] ?? "");
        Assert.Equal(HostileText.Valid(HostileText.Spaced(HostileText.Shown("T" + text, 255)).Replace('|', ' ')), message.Header[4]);
        Assert.Equal("failure", message["outcome"]);
        Assert.All(message.Attributes, pair => Assert.True(CustomKeys.Contains(pair.Key) || "devTime cat sev src usrName accountName realm resource url".Split(' ').Contains(pair.Key)));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(Thoroughness.Runs(300)));

    private static string Leef(SecurityEvent securityEvent) => FormatSettings.Text(FormatSettings.Write("leef", securityEvent, int.MaxValue));
}
