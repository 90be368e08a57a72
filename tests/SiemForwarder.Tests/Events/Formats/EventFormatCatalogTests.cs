using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>The catalogue makes every format, and refuses settings in words that say what to do.</summary>
public sealed class EventFormatCatalogTests
{
    [Fact]
    public void ATestEventSaysSoInEveryFormat()
    {
        var test = TestEvent.Create(Some.Source, "t-1", Some.ReceivedAt);

        Assert.Contains("\"test\":true", Text("json", test), StringComparison.Ordinal);
        Assert.Contains(" test=\"true\"]", Text("syslog-5424", test), StringComparison.Ordinal);
        Assert.Contains("\"test\":true", Text("syslog-3164", test), StringComparison.Ordinal);
        Assert.Contains(" cn2Label=test cn2=1 ", Text("cef", test), StringComparison.Ordinal);
        Assert.Contains("\ttest=true\t", Text("leef", test), StringComparison.Ordinal);
        Assert.All(FormatSettings.Names, format => Assert.Contains("SiemForwarder test event", Text(format, test), StringComparison.Ordinal));
    }

    [Fact]
    public void AnEventOfTheLogIsNoTest() => Assert.All(FormatSettings.Names, format => Assert.DoesNotContain("test", Text(format, Some.LoginEvent()), StringComparison.Ordinal));

    [Fact]
    public void ADeprecatedDuplicateIsMarkedInEveryFormat()
    {
        var twin = Some.Normalized(EventStream.User, """{"id":"e1","type":"UPDATE_PASSWORD","userId":"u1","details":{"credential_type":"password"}}""");

        Assert.All(FormatSettings.Names, format => Assert.Matches("deprecated_?[dD]uplicate", Text(format, twin)));
    }

    [Fact]
    public void SyslogWithoutSettingsHasTheDefaultHeader()
    {
        var formatter = EventFormatCatalog.Create(new OutputSettings(OutputType.Syslog, "native", null, 8192));

        Assert.StartsWith("<84>1 ", FormatSettings.Text(FormatSettings.Write(formatter, Some.LoginEvent())), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((OutputType)99, "native", 8192, 10, "Output type 99 is unknown; choose Syslog, JSON, CEF or LEEF.")]
    [InlineData(OutputType.Json, "esc", 8192, 10, "Schema 'esc' is unknown; choose one of: native, raw, ecs")]
    [InlineData(OutputType.Json, "ecs", 480, 10, "480 bytes is too short; choose at least 1024.")]
    [InlineData(OutputType.Cef, "native", 100, 10, "100 bytes is too short; choose at least 480.")]
    [InlineData(OutputType.Syslog, "native", 8192, 24, "Syslog facility 24")]
    public void SettingsThatCannotBeMetAreRefusedInWords(OutputType type, string schema, int maxBytes, int facility, string words)
    {
        var settings = new OutputSettings(type, schema, new SyslogHeaderSettings(Facility: facility), maxBytes);

        Assert.Contains(words, Assert.Throws<ArgumentException>(() => EventFormatCatalog.Create(settings)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheVersionIsTheProductsUnlessGiven()
    {
        var formatter = EventFormatCatalog.Create(FormatSettings.For("cef"));

        Assert.Matches(@"^CEF:0\|SiemForwarder\|Keycloak\|\d+\.\d+\.\d+\|LOGIN_ERROR\|", FormatSettings.Text(FormatSettings.Write(formatter, Some.LoginEvent())));
    }

    private static string Text(string format, SecurityEvent securityEvent) => FormatSettings.Text(FormatSettings.Write(format, securityEvent));
}
