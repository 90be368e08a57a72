using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>Whatever a field holds, a reader gets back exactly that, and nothing that was not there.</summary>
public sealed class FormatPropertyTests
{
    private static readonly Config Configuration = Config.QuickThrowOnFailure.WithMaxTest(Thoroughness.Runs(400));

    private static readonly string[] CefKeysOfAnyEvent = [.. KeysOf(HostileEvent("plain"))];

    [Fact]
    public void StructuredDataGivesBackEveryValue() => ForAnyText(text =>
    {
        var message = SyslogParser.Parse(FormatSettings.Text(FormatSettings.Write("syslog-5424", HostileEvent(text), int.MaxValue)));

        var expected = HostileText.Valid(HostileText.Spaced(HostileText.Shown(text, 256)));
        Assert.Equal("keycloak@32473", message.SdId);
        AssertSame(expected, message["username"]);
        AssertSame(expected, message["subject"]);
        AssertSame(expected, message["clientId"]);
        AssertSame(expected, message["error"]);
        AssertSame(expected, message["ip"]);
        Assert.StartsWith("{\"schema_version\":\"1.0\",", message.Message, StringComparison.Ordinal);
        Assert.Equal(message.Parameters.Count, message.Parameters.Select(parameter => parameter.Key).Distinct().Count());
        Assert.All(message.Parameters, parameter => Assert.Contains(
            parameter.Key, "id type realm clientId userId username subjectId subject ip outcome error truncated".Split(' ')));
    });

    [Fact]
    public void CefGivesBackEveryValueAndNoForgedKey() => ForAnyText(text =>
    {
        var message = CefParser.Parse(FormatSettings.Text(FormatSettings.Write("cef", HostileEvent(text), int.MaxValue)));

        var expected = Cef(text, 1023);
        Assert.Equal(["0", "SiemForwarder", "Keycloak", "1.0.0"], message.Header[..4]);
        Assert.Equal(HostileText.Valid(HostileText.Spaced(HostileText.Shown("T" + text, 1023))), message.Header[4]);
        AssertSame(expected, message["suser"]);
        AssertSame(expected, message["duser"]);
        AssertSame(expected, message["reason"]);
        AssertSame(expected, message["destinationServiceName"]);
        AssertSame(Cef(text, 31), message["app"]);
        Assert.Equal(message.Pairs.Count, message.Pairs.Select(pair => pair.Key).Distinct().Count());
        Assert.Subset(CefKeysOfAnyEvent.ToHashSet(), message.Pairs.Select(pair => pair.Key).ToHashSet());
        Assert.All(message.Pairs.Where(pair => pair.Key.EndsWith("Label", StringComparison.Ordinal)), label => Assert.NotNull(message[label.Key[..^5]]));
        Assert.All(message.Pairs, pair => Assert.Equal(pair.Value.Trim(' '), pair.Value));
    });

    [Fact]
    public void JsonGivesBackEveryValue() => ForAnyText(text =>
    {
        var line = FormatSettings.Text(FormatSettings.Write("json", HostileEvent(text), int.MaxValue));
        using var message = JsonDocument.Parse(line);

        var expected = HostileText.Valid(text);
        var root = message.RootElement;
        AssertSame(expected, Find(root, "subject"));
        AssertSame(expected, Find(root, "requestor"));
        AssertSame(expected, Find(root, "client_id"));
        AssertSame(expected, Find(root, "reason"));
        AssertSame(expected, Find(root, "ip_address"));
        AssertSame(expected, Find(root.GetProperty("context"), "auth_method"));
        Assert.Equal("x" + expected, root.GetProperty("context").EnumerateObject().Last().Name);
        Assert.Equal(root.EnumerateObject().Count(), root.EnumerateObject().Select(member => member.Name).Distinct().Count());
        Assert.DoesNotContain(line, HostileText.IsControl);
    });

    [Fact]
    public void NoFormatEverHoldsALineBreakOrIsTooLong() => Prop.ForAll(
        HostileText.Any(), Gen.Choose(480, 3000).ToArbitrary(), (text, size) =>
        {
            foreach (var format in FormatSettings.Names)
            {
                var maxBytes = FormatSettings.AtLeast(format, size);
                var message = FormatSettings.Write(format, HostileEvent(text, "USER_DISABLED_BY_TEMPORARY_LOCKOUT_ERROR"), maxBytes);

                // A tab parts the attributes of LEEF; no value holds one, or its reader would see keys that are none.
                Assert.DoesNotContain(FormatSettings.Text(message), character => HostileText.IsControl(character) && !(character == '\t' && format.StartsWith("leef", StringComparison.Ordinal)));
                Assert.True(message.Length <= maxBytes, $"{format}: {message.Length} of {maxBytes}");
                AssertParses(format, FormatSettings.Text(message));
            }
        }).Check(Configuration);

    [Fact]
    public void HostileExamplesStayInTheirFields()
    {
        foreach (var text in HostileText.Examples)
        {
            var syslog = SyslogParser.Parse(FormatSettings.Text(FormatSettings.Write("syslog-5424", HostileEvent(text))));
            var cef = CefParser.Parse(FormatSettings.Text(FormatSettings.Write("cef", HostileEvent(text))));

            Assert.Equal("failure", syslog["outcome"]);
            Assert.Equal("failure", cef["outcome"]);
            Assert.Equal("acme", cef["cs1"]);
        }
    }

    internal static void AssertParses(string format, string message)
    {
        var payload = format switch
        {
            _ when format.EndsWith("-5424", StringComparison.Ordinal) => SyslogParser.Parse(message).Message,
            "leef-3164" => message[message.IndexOf("LEEF:", StringComparison.Ordinal)..],
            _ when format.EndsWith("-3164", StringComparison.Ordinal) => message[(message.IndexOf(": ", StringComparison.Ordinal) + 2)..],
            _ => message,
        };
        if (format.StartsWith("cef", StringComparison.Ordinal))
        {
            CefParser.Parse(payload);
        }
        else if (format.StartsWith("leef", StringComparison.Ordinal))
        {
            LeefParser.Parse(payload);
        }
        else
        {
            using var document = JsonDocument.Parse(payload);
            Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
        }
    }

    /// <summary>An event that holds the text wherever somebody outside could put it.</summary>
    internal static SecurityEvent HostileEvent(string text, string? type = null) => new()
    {
        Id = "0d9c9f0e-6f7b-4a3a-9a53-2d1b8c7c1a01",
        Kind = EventKind.User,
        Type = type ?? "T" + text,
        Description = KeycloakEventCatalog.DescribeUser("LOGIN_ERROR", null),
        OccurredAt = DateTimeOffset.FromUnixTimeMilliseconds(1762164930123),
        ReceivedAt = Some.ReceivedAt,
        Outcome = EventOutcome.Failure,
        Severity = 4,
        Source = Some.Source,
        Position = 1,
        Reason = text,
        Actor = new EventParty("u1", text, null, "acme", text),
        Subject = new EventParty("u2", text, null, "acme", null),
        ClientId = text,
        SessionId = text,
        IpAddress = text,
        Details = [new("auth_method", text), new("redirect_uri", text), new("grant_type", text), new("identity_provider", text), new("reason", text), new("x" + text, "x")],
    };

    private static void ForAnyText(Action<string> property) => Prop.ForAll(HostileText.Any(), property).Check(Configuration);

    private static string Cef(string text, int length) =>
        HostileText.Valid(HostileText.CefValue(HostileText.TrimBlank(HostileText.Shown(HostileText.TrimBlank(text), length))));

    private static IEnumerable<string> KeysOf(SecurityEvent securityEvent) =>
        CefParser.Parse(FormatSettings.Text(FormatSettings.Write("cef", securityEvent))).Pairs.Select(pair => pair.Key)
            .Concat(["src", "c6a2", "c6a2Label", "shost"]);

    private static string? Find(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;

    // An empty value is left out.
    private static void AssertSame(string expected, string? actual) => Assert.Equal(expected, actual ?? "");
}
