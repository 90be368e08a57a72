using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Events.Lint;
using SiemForwarder.Tests.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Lint;

/// <summary>The linter reads back what the formatters write without fault, and finds what is wrong with what they would never write.</summary>
public sealed class MessageReaderTests
{
    private const string Head = "CEF:0|SiemForwarder|Keycloak|1.0.0|LOGIN|Login|1|";
    private const string Leef = "LEEF:2.0|SiemForwarder|Keycloak|1.0.0|LOGIN|x09|";
    private const string Native = "{\"schema_version\":\"1.0\",\"event_id\":\"e\",\"event_type\":\"LOGIN\",\"timestamp\":\"2026-01-31T10:15:30.123Z\",\"outcome\":\"success\"";

    [Fact]
    public void NothingIsWrongWithAnyEventOfTheCatalogueInAnyFormat()
    {
        var events = CatalogueEvents.All().Concat(HostileText.Examples.Select(Hostile)).ToList();
        foreach (var format in FormatSettings.Names)
        {
            foreach (var one in events)
            {
                var message = FormatSettings.Write(format, one, 65_536);
                var reading = MessageReader.Read(message, FormatSettings.For(format, 65_536));

                var wrong = reading.Findings.FirstOrDefault(finding => finding.Level == FindingLevel.Error);
                Assert.True(wrong is null, $"{format}: {wrong}\n{Encoding.UTF8.GetString(message)}");
                Assert.Contains(reading.Fields, field => field.Value == one.Id);
            }
        }
    }

    [Fact]
    public void CefAndLeefAndStructuredDataAreReadAsTheReadersOfTheTestsReadThem()
    {
        foreach (var one in CatalogueEvents.All().Concat(HostileText.Examples.Select(Hostile)))
        {
            var cef = FormatSettings.Write("cef", one, 65_536);
            var leef = FormatSettings.Write("leef", one, 65_536);
            var syslog = FormatSettings.Write("syslog-5424", one, 65_536);

            Assert.Equal(CefParser.Parse(FormatSettings.Text(cef)).Pairs, Pairs(MessageReader.Read(cef, FormatSettings.For("cef", 65_536)).Fields.Skip(6)));
            Assert.Equal(LeefParser.Parse(FormatSettings.Text(leef)).Attributes, Pairs(MessageReader.Read(leef, FormatSettings.For("leef", 65_536)).Fields.Skip(4)));
            var seen = MessageReader.Read(syslog, FormatSettings.For("syslog-5424", 65_536)).Fields.Where(field => field.Name.StartsWith("keycloak@32473.", StringComparison.Ordinal));
            Assert.Equal(SyslogParser.Parse(FormatSettings.Text(syslog)).Parameters, Pairs(seen.Select(field => field with { Name = field.Name["keycloak@32473.".Length..] })));
        }
    }

    [Theory]
    [InlineData("syslog-5424", "86 no priority", "rfc5424.pri")]
    [InlineData("syslog-5424", "<086>1 - - - - - - {}", "rfc5424.pri")]
    [InlineData("syslog-5424", "<192>1 - - - - - - {}", "rfc5424.pri")]
    [InlineData("syslog-5424", "<86>1 - - -", "rfc5424.header")]
    [InlineData("syslog-5424", "<86>2 - - - - - - {}", "rfc5424.version")]
    [InlineData("syslog-5424", "<86>1 2026-01-31t10:15:30Z - - - - - {}", "rfc5424.timestamp")]
    [InlineData("syslog-5424", "<86>1 2026-01-31T10:15:30.1234567Z - - - - - {}", "rfc5424.timestamp")]
    [InlineData("syslog-5424", "<86>1 2026-02-30T10:15:30Z - - - - - {}", "rfc5424.timestamp")]
    [InlineData("syslog-5424", "<86>1 2026-01-31T10:15:60Z - - - - - {}", "rfc5424.timestamp")]
    [InlineData("syslog-5424", "<86>1 - kü - - - - {}", "rfc5424.hostname")]
    [InlineData("syslog-5424", "<86>1 - - - - A23456789012345678901234567890123 - {}", "rfc5424.msgId")]
    [InlineData("syslog-5424", "<86>1 - - - - - {}", "rfc5424.structured-data")]
    [InlineData("syslog-5424", "<86>1 - - - - - x {}", "rfc5424.structured-data")]
    [InlineData("syslog-5424", "<86>1 - - - - - [a@1 b=\"c\" {}", "rfc5424.structured-data")]
    [InlineData("syslog-5424", "<86>1 - - - - - [a@1 b=\"c\"]{}", "rfc5424.structured-data")]
    [InlineData("syslog-5424", "<86>1 - - - - - [a@1 b=c] {}", "rfc5424.structured-data")]
    [InlineData("syslog-5424", "<86>1 - - - - - [a@1][a@1] {}", "rfc5424.sd-id")]
    [InlineData("syslog-5424", "<86>1 - - - - - [a b=\"c\"] {}", "rfc5424.sd-id")]
    [InlineData("syslog-5424", "<86>1 - - - - - [a@1 A23456789012345678901234567890123=\"c\"] {}", "rfc5424.sd-name")]
    [InlineData("syslog-5424", "<86>1 - - - - - [a@1 b=\"]\"] {}", "rfc5424.sd-value")]
    [InlineData("syslog-5424", "<86>1 - - - - - - \uFEFF{}", "rfc5424.bom")]
    [InlineData("syslog-3164", "<86>1 - - - - - - {}", "rfc3164.timestamp")]
    [InlineData("syslog-3164", "<86>Nov 3 10:15:30 kc a: {}", "rfc3164.timestamp")]
    [InlineData("syslog-3164", "<86>Nov 31 10:15:30 kc a: {}", "rfc3164.timestamp")]
    [InlineData("syslog-3164", "<86>Nov  3 10:15:30 kc {}", "rfc3164.tag")]
    [InlineData("cef-3164", "<86>Nov  3 10:15:30 kc CEF:0|a|b|1|c|d|1|", "rfc3164.tag")]
    [InlineData("cef", "{}", "cef.header")]
    [InlineData("cef", "CEF:0|a|b|1|c|d|1", "cef.header")]
    [InlineData("cef", "CEF:0||b|1|c|d|1|", "cef.header")]
    [InlineData("cef", "CEF:2|a|b|1|c|d|1|", "cef.version")]
    [InlineData("cef", "CEF:0|a|b|1|c|d\\=|1|", "cef.header-escape")]
    [InlineData("cef", "CEF:0|a|b|1|c|d|11|", "cef.severity")]
    [InlineData("cef", Head + "no pairs", "cef.extension")]
    [InlineData("cef", Head + "suser=a=b", "cef.escape")]
    [InlineData("cef", Head + "suser=a\\|b", "cef.escape")]
    [InlineData("cef", Head + "suser=a\\", "cef.escape")]
    [InlineData("cef", Head + "suser=a suser=b", "cef.duplicate")]
    [InlineData("cef", Head + "src=2001:db8::1", "cef.type")]
    [InlineData("cef", Head + "c6a2Label=x c6a2=192.0.2.1", "cef.type")]
    [InlineData("cef", Head + "spt=70000", "cef.type")]
    [InlineData("cef", Head + "rt=yesterday", "cef.type")]
    [InlineData("cef", Head + "cn1Label=x cn1=1.5", "cef.type")]
    [InlineData("cef", Head + "cs1=x", "cef.label")]
    [InlineData("cef", Head + "cs1Label=x", "cef.label")]
    [InlineData("cef", Head + "suser=", "cef.empty")]
    [InlineData("cef", Head + "externalId=12345678901234567890123456789012345678901", "cef.length")]
    [InlineData("leef", "{}", "leef.header")]
    [InlineData("leef", "LEEF:2.0|a||1|c|x09|cat=x", "leef.header")]
    [InlineData("leef", "LEEF:2.0|a|b|1|c|tab|cat=x", "leef.delimiter")]
    [InlineData("leef", Leef + "cat=x\tno pair", "leef.attribute")]
    [InlineData("leef", Leef + "cat=x\tcat=y", "leef.duplicate")]
    [InlineData("leef", Leef + "sev=0", "leef.type")]
    [InlineData("leef", Leef + "src=here", "leef.type")]
    [InlineData("leef", Leef + "devTime=Nov 03 2026", "leef.devTime")]
    [InlineData("json", "[]", "json.object")]
    [InlineData("json", Native, "json.syntax")]
    [InlineData("json", Native + "}{}", "json.syntax")]
    [InlineData("json", Native + ",\"a\":{\"b\":1,\"b\":2}}", "json.duplicate")]
    [InlineData("json", Native + ",\"a\":\"\\ud800\"}", "json.surrogate")]
    [InlineData("json", Native + ",\"a\\udc00\":1}", "json.surrogate")]
    [InlineData("json", "{\"event_id\":\"\"}", "native.event_id")]
    [InlineData("json", "{\"outcome\":\"maybe\"}", "native.outcome")]
    [InlineData("json", "{\"timestamp\":\"2026-01-31\"}", "native.timestamp")]
    [InlineData("json", Native + ",\"a\":\"x\ny\"}", "line-break")]
    [InlineData("cef", Head + "suser=a\u007Fb", "control-character")]
    [InlineData("ecs", "{\"event\":{\"category\":[\"iam\",\"login\"]}}", "ecs.event.category")]
    [InlineData("ocsf", "{\"class_uid\":3002,\"activity_id\":1,\"type_uid\":300202}", "ocsf.type_uid")]
    [InlineData("ocsf", "{\"class_uid\":3002,\"category_uid\":6}", "ocsf.category_uid")]
    [InlineData("ocsf", "{\"time\":\"1762164930123\"}", "ocsf.time")]
    [InlineData("ocsf-1.9", "{\"metadata\":{\"version\":\"1.8.0\"}}", "ocsf-1.9.metadata.version")]
    [InlineData("asim", "{\"EventResult\":\"Fine\"}", "asim.EventResult")]
    [InlineData("udm", "{}", "udm.metadata.eventType")]
    [InlineData("cim", "{\"src\":null}", "cim.src")]
    public void WhatIsWrongIsFound(string format, string message, string rule)
    {
        var findings = MessageReader.Read(Encoding.UTF8.GetBytes(message), FormatSettings.For(format)).Findings;

        Assert.Contains(rule, findings.Select(finding => finding.Rule));
        Assert.All(findings, finding => Assert.EndsWith(".", finding.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void BrokenUtf8AndAMessageThatIsTooLongAreFound()
    {
        var findings = MessageReader.Read([.. "{\"a\":\""u8, 0xC3, .. "\"}"u8], FormatSettings.For("json")).Findings;
        Assert.Contains("utf-8", findings.Select(finding => finding.Rule));

        var tooLong = MessageReader.Read(Encoding.UTF8.GetBytes($"<86>Nov 13 10:15:30 kc a: {{\"a\":\"{new string('x', 9000)}\"}}"), FormatSettings.For("syslog-3164"));
        Assert.Contains("size.message", tooLong.Findings.Select(finding => finding.Rule));
        Assert.Contains("size.rfc3164", tooLong.Findings.Select(finding => finding.Rule));
    }

    [Theory]
    [InlineData(65_508, true, int.MaxValue, "size.udp", FindingLevel.Error)]
    [InlineData(1473, true, int.MaxValue, "size.udp", FindingLevel.Warning)]
    [InlineData(1473, false, 1472, "size.batch", FindingLevel.Warning)]
    public void WhatItsCarrierDoesNotHoldIsFound(int octets, bool isDatagram, int most, string rule, FindingLevel level)
    {
        var finding = Assert.Single(SizeRules.CheckCarrier(octets, isDatagram, most));

        Assert.Equal((rule, level), (finding.Rule, finding.Level));
        Assert.Empty(SizeRules.CheckCarrier(1472, isDatagram, 1472));
    }

    [Fact]
    public void FieldsOfJsonAreNamedByTheirPathAndKeepTheirType()
    {
        var reading = MessageReader.Read("""{"a":{"b":1,"c":["x","y"]},"d":[{"e":true},{"e":null}],"f":[{"g":"h"}]}"""u8, FormatSettings.For("raw"));

        Assert.Equal(
            [
                new("a.b", "1", "number"), new("a.c", "x"), new("a.c", "y"), new("d[0].e", "true", "boolean"), new("d[1].e", "null", "null"), new("f.g", "h"),
            ],
            reading.Fields);
        Assert.Empty(reading.Findings);
    }

    private static SecurityEvent Hostile(string text) => Some.LoginEvent(userName: text, error: text, ip: text, clientId: text) with
    {
        Details = [new(text, text), new("auth_method", text), new("redirect_uri", text)],
        SessionId = text,
    };

    private static IEnumerable<KeyValuePair<string, string>> Pairs(IEnumerable<ParsedField> fields) => fields.Select(field => KeyValuePair.Create(field.Name, field.Value));
}
