using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Formats.Syslog;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>Syslog headers as RFC 5424 and RFC 3164 want them.</summary>
public sealed class SyslogFormatTests
{
    [Fact]
    public void AMessageOfRfc5424HasAllItsParts()
    {
        var message = SyslogParser.Parse(Text(new SyslogHeaderSettings()));

        Assert.Equal(84, message.Priority);
        Assert.Equal("2025-11-03T10:15:30.123000Z", message.Timestamp);
        Assert.Equal(("kc.example.com", "siemforwarder", "-", "LOGIN_ERROR"), (message.Hostname, message.AppName, message.ProcId, message.MsgId));
        Assert.Equal("keycloak@32473", message.SdId);
        Assert.Equal(["id", "type", "realm", "clientId", "userId", "username", "ip", "outcome", "error"], message.Parameters.Select(parameter => parameter.Key));
        Assert.StartsWith("{\"schema_version\"", message.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, 0, 86)]
    [InlineData(10, 1, 86)]
    [InlineData(10, 2, 85)]
    [InlineData(10, 3, 85)]
    [InlineData(10, 4, 84)]
    [InlineData(10, 6, 84)]
    [InlineData(10, 7, 83)]
    [InlineData(10, 8, 83)]
    [InlineData(10, 9, 82)]
    [InlineData(10, 10, 82)]
    [InlineData(0, 0, 6)]
    [InlineData(23, 10, 186)]
    public void ThePriorityIsFacilityTimesEightPlusSeverity(int facility, int severity, int priority) =>
        Assert.Equal(priority, SyslogPriority.Of(facility, severity));

    [Fact]
    public void HeaderFieldsArePrintableAsciiAndCut()
    {
        var settings = new SyslogHeaderSettings(AppName: "my app ü" + new string('a', 60), Hostname: "höst\n" + new string('h', 300));
        var message = SyslogParser.Parse(Text(settings, Some.LoginEvent(type: "USER_DISABLED_BY_TEMPORARY_LOCKOUT")));

        Assert.Equal("my_app__" + new string('a', 40), message.AppName);
        Assert.Equal("h_st_" + new string('h', 250), message.Hostname);
        Assert.Equal("USER_DISABLED_BY_TEMPORARY_LOCKO", message.MsgId);
        Assert.Equal("USER_DISABLED_BY_TEMPORARY_LOCKOUT", message["type"]);
    }

    [Fact]
    public void AnUnknownHostIsNil()
    {
        var securityEvent = TestEvent.Create(new EventSource(1, "", "", ""), "t-1", Some.ReceivedAt);

        Assert.Equal("-", SyslogParser.Parse(Text(new SyslogHeaderSettings(), securityEvent)).Hostname);
    }

    [Theory]
    [InlineData("bücher.example", "xn--bcher-kva.example", "xn--bcher-kva.example")]
    [InlineData("[2001:DB8::1]", "2001:db8::1", "2001-db8--1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1")]
    [InlineData("kc.example.com", "kc.example.com", "kc.example.com")]
    [InlineData("no host: é", "no_host:__", "no_host-__")]
    [InlineData("", "prod-eu", "prod-eu")]
    public void AHostIsWrittenAsBothStandardsTakeIt(string host, string rfc5424, string rfc3164)
    {
        var securityEvent = Some.LoginEvent() with { Source = Some.Source with { Host = host } };

        Assert.Equal(rfc5424, SyslogParser.Parse(Text(new SyslogHeaderSettings(), securityEvent)).Hostname);
        Assert.Equal(rfc3164, Text(new(SyslogFormat.Rfc3164), securityEvent).Split(' ')[4]);
        Assert.Equal(rfc3164, Text(new(SyslogFormat.Rfc3164, Hostname: host.Length == 0 ? null : host), securityEvent).Split(' ')[4]);
    }

    [Fact]
    public void TheEnterpriseNumberIsTheIntegrations() =>
        Assert.Equal("keycloak@4711", SyslogParser.Parse(Text(new SyslogHeaderSettings(EnterpriseNumber: 4711))).SdId);

    [Fact]
    public void CefIsNamedByItsProgramUnlessSomebodyChoseAName()
    {
        Assert.Equal("CEF", SyslogParser.Parse(Text(new SyslogHeaderSettings(), outputType: OutputType.Cef)).AppName);
        Assert.Equal("mine", SyslogParser.Parse(Text(new SyslogHeaderSettings(AppName: "mine"), outputType: OutputType.Cef)).AppName);
        Assert.Null(SyslogParser.Parse(Text(new SyslogHeaderSettings(), outputType: OutputType.Cef)).SdId);
        Assert.StartsWith("CEF:0|", SyslogParser.Parse(Text(new SyslogHeaderSettings(), outputType: OutputType.Cef)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMessageOfRfc3164HasAPaddedDayAndATag()
    {
        Assert.StartsWith("<84>Nov  3 10:15:30 kc.example.com siemforwarder: {\"schema_version\"", Text(new(SyslogFormat.Rfc3164)), StringComparison.Ordinal);
        Assert.StartsWith("<164>Nov  3 10:15:30 kc-1 CEF: CEF:0|", Text(new(SyslogFormat.Rfc3164, 20, Hostname: "kc-1"), outputType: OutputType.Cef), StringComparison.Ordinal);
        Assert.StartsWith("<84>Nov  3 10:15:30 kc.example.com siemfwd7", Text(new(SyslogFormat.Rfc3164, AppName: "siem-fwd_7" + new string('x', 90))), StringComparison.Ordinal);
        Assert.Equal(32, Text(new(SyslogFormat.Rfc3164, AppName: new string('x', 90))).Split(' ')[5].TrimEnd(':').Length);
    }

    [Theory]
    [InlineData("2026-01-31T23:59:59.9999999+14:00", "2026-01-31T09:59:59.999999Z", "Jan 31 09:59:59")]
    [InlineData("2025-11-03T10:15:30.0000010Z", "2025-11-03T10:15:30.000001Z", "Nov  3 10:15:30")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z", "Jan  1 00:00:00")]
    [InlineData("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z", "Dec 31 23:59:59")]
    public void InstantsAreWrittenInUtc(string instant, string rfc5424, string rfc3164)
    {
        var time = DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
        var securityEvent = Some.Normalized(EventStream.User, $$"""{"type":"LOGIN","time":{{time}}}""");

        Assert.Equal(rfc5424[..23] + "000Z", SyslogParser.Parse(Text(new SyslogHeaderSettings(), securityEvent)).Timestamp);
        Assert.Contains($">{rfc3164} ", Text(new(SyslogFormat.Rfc3164), securityEvent), StringComparison.Ordinal);
    }

    [Fact]
    public void OurReaderAgreesWithMessagesOfOthers()
    {
        var basic = SyslogParser.Parse("""<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application"] An application event log entry""");
        var samples = File.ReadLines(RepositoryFiles.Shared("conformance", "samples", "wire_samples.jsonl")).Select(line => JsonDocument.Parse(line).RootElement);
        var json = SyslogParser.Parse(samples.Single(sample => sample.GetProperty("name").GetString() == "syslog5424-json").GetProperty("text").GetString()!);

        Assert.Equal(("3", "Application", "An application event log entry"), (basic["iut"], basic["eventSource"], basic.Message));
        Assert.Equal(("prod]eu", "zoë \"x\" a\\b"), (json["realm"], json["user"]));
    }

    private static string Text(SyslogHeaderSettings settings, SecurityEvent? securityEvent = null, OutputType outputType = OutputType.Syslog)
    {
        var formatter = EventFormatCatalog.Create(new OutputSettings(outputType, "native", settings, FormatSettings.DefaultMaxBytes), "1.0.0");
        return FormatSettings.Text(FormatSettings.Write(formatter, securityEvent ?? Some.LoginEvent()));
    }
}
