using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Formats.Text;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>Characters that nobody sees: text formats name them, so that a screen shows what is there; JSON keeps them.</summary>
public sealed class InvisibleCharactersTests
{
    private const string Name = "\u202Egnp.exe\U000E0041";
    private const string Shown = @"\u202Egnp.exe\uDB40\uDC41";

    private static readonly string[] TextFormats = [.. FormatSettings.Names.Where(name => name.StartsWith("cef", StringComparison.Ordinal) || name.StartsWith("leef", StringComparison.Ordinal))];

    [Fact]
    public void TheyAreAllThatUnicodeHidesAndNoOthers()
    {
        var differing = Enumerable.Range(0, 0x110000).Where(code => code is < 0xD800 or > 0xDFFF).Select(char.ConvertFromUtf32)
            .Where(character => HostileText.IsInvisible(character) != InvisibleText.LengthAtStart(character) > 0)
            .Select(character => $"U+{char.ConvertToUtf32(character, 0):X4}");

        Assert.Empty(differing);
    }

    [Theory]
    [InlineData("cef", @"suser=\\u202Egnp.exe\\uDB40\\uDC41 ")]
    [InlineData("leef", "usrName=\\u202Egnp.exe\\uDB40\\uDC41\t")]
    [InlineData("syslog-5424", @" username=""\\u202Egnp.exe\\uDB40\\uDC41""")]
    public void ATextFormatNamesThem(string format, string written) =>
        Assert.Contains(written, FormatSettings.Text(FormatSettings.Write(format, Some.LoginEvent(userName: Name))), StringComparison.Ordinal);

    [Fact]
    public void AReaderGetsTheTextThatNamesThem()
    {
        var securityEvent = FormatPropertyTests.HostileEvent(Name);
        var cef = CefParser.Parse(FormatSettings.Text(FormatSettings.Write("cef", securityEvent)));
        var leef = LeefParser.Parse(FormatSettings.Text(FormatSettings.Write("leef", securityEvent)));
        var syslog = SyslogParser.Parse(FormatSettings.Text(FormatSettings.Write("syslog-5424", securityEvent)));

        Assert.Equal((Shown, "T" + Shown), (cef["suser"], cef.Header[4]));
        Assert.Equal((Shown, "T" + Shown), (leef["usrName"], leef.Header[4]));
        Assert.Equal((Shown, "T" + Shown), (syslog["username"], syslog["type"]));
    }

    [Theory]
    [InlineData("cef", "suser=")]
    [InlineData("leef", "usrName=")]
    [InlineData("syslog-5424", " username=\"")]
    public void WhoWantsThemGetsThem(string format, string key) =>
        Assert.Contains(key + Name, Write(format, Some.LoginEvent(userName: Name), InvisibleCharacters.Keep), StringComparison.Ordinal);

    [Theory]
    [InlineData(InvisibleCharacters.Escape)]
    [InlineData(InvisibleCharacters.Keep)]
    public void AReaderOfJsonGetsThemEitherWay(InvisibleCharacters invisible)
    {
        using var bare = JsonDocument.Parse(Write("json", FormatPropertyTests.HostileEvent(Name), invisible));
        using var message = JsonDocument.Parse(SyslogParser.Parse(Write("syslog-5424", FormatPropertyTests.HostileEvent(Name), invisible)).Message);

        Assert.Equal((Name, Name), (bare.RootElement.GetProperty("reason").GetString(), message.RootElement.GetProperty("reason").GetString()));
    }

    [Fact]
    public void NothingElseChanges() => Prop.ForAll(HostileText.Any(), text =>
    {
        var seen = string.Concat(Runes(text).Where(one => !HostileText.IsInvisible(one)));
        foreach (var format in FormatSettings.Names)
        {
            var securityEvent = FormatPropertyTests.HostileEvent(seen);
            Assert.Equal(Write(format, securityEvent, InvisibleCharacters.Keep), Write(format, securityEvent, InvisibleCharacters.Escape));
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(Thoroughness.Runs(100)));

    [Fact]
    public void NoneIsLeftInATextFormatHoweverLongOrShort() => Prop.ForAll(HostileText.Any(), Gen.Choose(480, 3000).ToArbitrary(), (text, size) =>
    {
        foreach (var format in TextFormats)
        {
            var message = FormatSettings.Text(FormatSettings.Write(format, FormatPropertyTests.HostileEvent(text), size));
            Assert.DoesNotContain(Runes(message), HostileText.IsInvisible);
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(Thoroughness.Runs(200)));

    private static string Write(string format, SiemForwarder.Events.SecurityEvent securityEvent, InvisibleCharacters invisible) => FormatSettings.Text(
        FormatSettings.Write(EventFormatCatalog.Create(FormatSettings.For(format, int.MaxValue) with { InvisibleCharacters = invisible }, "1.0.0"), securityEvent));

    // Half a pair counts alone.
    private static IEnumerable<string> Runes(string text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            yield return char.IsSurrogatePair(text, index) ? text.Substring(index++, 2) : text[index].ToString();
        }
    }
}
