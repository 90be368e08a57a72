using System.Text;
using System.Text.Json;
using SiemForwarder.Events;
using SiemForwarder.Events.Addresses;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Formats.Json;
using SiemForwarder.Events.Lint;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>What a datagram has no room for is left out by its worth: who, from where, what, how it ended and which event stay to the last.</summary>
public sealed class ShortMessageTests
{
    private static readonly SecurityEvent[] Recorded = [.. Thoroughness.Of(RecordedEvents.Names.SelectMany(RecordedEvents.Normalized))];

    // Objects that say nothing where a part of them is missing.
    private static readonly HashSet<string> Whole = ["idp", "dst_endpoint", "authentication_token", "effective", "regionCoordinates"];

    public static TheoryData<string, int> SchemasAndSizes() =>
        [.. FormatSettings.Schemas.Prepend("json").SelectMany(schema => new[] { (schema, 1472), (schema, 1024) })];

    [Theory]
    [MemberData(nameof(SchemasAndSizes))]
    public void AddressUserTypeOutcomeAndIdSurviveInEveryRecordedEvent(string schema, int maxBytes)
    {
        var formatter = EventFormatCatalog.Create(FormatSettings.For(schema, maxBytes) with { IncludeRepresentation = true });
        foreach (var securityEvent in Recorded)
        {
            var message = FormatSettings.Write(formatter, securityEvent);
            var text = FormatSettings.Text(message);
            using var document = JsonDocument.Parse(text);

            Assert.InRange(message.Length, 2, maxBytes);
            var values = Leaves(document.RootElement, "").Select(leaf => leaf.Value).ToHashSet();
            Assert.All(Core(securityEvent, schema), core => Assert.True(values.Contains(core), $"{core} is not in {text}"));
        }
    }

    [Theory]
    [MemberData(nameof(SchemasAndSizes))]
    public void NoMoreIsLeftOutThanNeeded(string schema, int maxBytes)
    {
        if (schema == "raw")
        {
            // It has no members of ours to choose among: its texts are cut.
            return;
        }

        var shortened = 0;
        foreach (var securityEvent in Recorded)
        {
            var whole = Write(schema, securityEvent, int.MaxValue);
            var message = Write(schema, securityEvent, maxBytes);
            if (message.Length == whole.Length)
            {
                continue;
            }

            shortened++;
            using var before = JsonDocument.Parse(whole);
            using var after = JsonDocument.Parse(message);
            var missing = Missing(before.RootElement, after.RootElement).ToList();

            Assert.NotEmpty(missing);
            Assert.True(maxBytes - message.Length <= missing.Min(), $"{maxBytes - message.Length} bytes are free for {missing.Min()} in {FormatSettings.Text(message)}");
        }

        Assert.Equal(Recorded.Count(one => Write(schema, one, int.MaxValue).Length > maxBytes), shortened);
    }

    [Fact]
    public void DetailsGoOneByOneAndBeforeClientSessionAndReason()
    {
        var securityEvent = Some.LoginEvent() with { Details = [.. Enumerable.Range(0, 12).Select(number => KeyValuePair.Create($"detail{number}", new string('d', 60)))] };
        int[] left = [.. Enumerable.Range(0, 9).Select(step => Details(Write("ocsf", securityEvent, 1200 + (step * 100))))];
        using var few = JsonDocument.Parse(Write("ocsf", securityEvent, 1200));

        Assert.Equal(left.Order(), left);
        Assert.True(left.Distinct().Count() >= 8, string.Join(' ', left));
        Assert.Equal("web-app", few.RootElement.GetProperty("service").GetProperty("name").GetString());
        Assert.Equal("756261b0-2a1a-4f9e-82ad-7762d2732127", few.RootElement.GetProperty("session").GetProperty("uid").GetString());
        Assert.Equal("invalid_user_credentials", few.RootElement.GetProperty("status_code").GetString());
        Assert.Equal("192.0.2.10", few.RootElement.GetProperty("src_endpoint").GetProperty("ip").GetString());
        Assert.Equal("alice", few.RootElement.GetProperty("user").GetProperty("name").GetString());
        Assert.True(few.RootElement.GetProperty("metadata").GetProperty("is_truncated").GetBoolean());
    }

    [Fact]
    public void OneMemberThatIsEnoughGoesAloneElseTheLongestOnes()
    {
        Assert.Equal([1], LeftOut(25, (Worth.Detail, 20), (Worth.Detail, 30), (Worth.Detail, 90), (Worth.Caption, 0)));
        Assert.Equal([0, 2], LeftOut(100, (Worth.Detail, 20), (Worth.Detail, 30), (Worth.Detail, 90)).Order());
        Assert.Equal([1], LeftOut(5, (Worth.Detail, 10), (Worth.Caption, 10), (Worth.Fact, 6)));
        Assert.Equal([0, 1], LeftOut(500, (Worth.Detail, 10), (Worth.Caption, 10)).Order());
    }

    [Theory]
    [MemberData(nameof(SchemasAndSizes))]
    public void ThePreviewWarnsOfWhatWasLeftOutAndOnlyThen(string schema, int maxBytes)
    {
        var settings = FormatSettings.For(schema, maxBytes);
        var many = Some.LoginEvent() with
        {
            Details = [.. Enumerable.Range(0, 100).Select(number => KeyValuePair.Create($"detail{number}", "truncated"))],
            Raw = new string('x', 3000).Select(character => (byte)character).ToArray(),
        };

        var warned = MessageReader.Read(FormatSettings.Write(EventFormatCatalog.Create(settings), many), settings).Findings;
        var whole = FormatSettings.For(schema);
        var quiet = MessageReader.Read(FormatSettings.Write(EventFormatCatalog.Create(whole), Some.LoginEvent()), whole).Findings;

        Assert.Contains(warned, finding => finding is { Level: FindingLevel.Warning, Rule: "size.shortened" });
        Assert.DoesNotContain(quiet, finding => finding.Rule == "size.shortened");
    }

    private static int Details(byte[] message)
    {
        using var document = JsonDocument.Parse(message);
        return document.RootElement.TryGetProperty("unmapped", out var unmapped) && unmapped.TryGetProperty("details", out var details)
            ? details.EnumerateObject().Count()
            : 0;
    }

    private static List<int> LeftOut(int bytes, params (Worth Worth, int Bytes)[] members)
    {
        var room = new JsonRoom();
        foreach (var (worth, size) in members)
        {
            Assert.True(room.Takes(worth, out var number));
            room.Measured(number, size);
        }

        Assert.True(room.Save(bytes));
        room.Again();
        return [.. Enumerable.Range(0, members.Length).Where(index => !room.Takes(members[index].Worth, out _))];
    }

    private static byte[] Write(string schema, SecurityEvent securityEvent, int maxBytes) => FormatSettings.Write(schema, securityEvent, maxBytes);

    private static IEnumerable<string> Core(SecurityEvent securityEvent, string schema)
    {
        var literal = IpLiteral.Read(securityEvent.IpAddress, new char[IpLiteral.MaxTextLength]);
        string?[] core = schema == "raw"
            ? [securityEvent.IpAddress, securityEvent.Subject is { } raw && securityEvent.Kind == EventKind.User ? raw.Id : null]
            :
            [
                schema == "cim" ? securityEvent.SignatureId : securityEvent.Type, securityEvent.Id, literal.Text.ToString(), securityEvent.Actor?.Id,
                securityEvent.Subject?.Id, NameOf(securityEvent.Subject, schema),
            ];
        return core.Where(text => !string.IsNullOrEmpty(text)).Select(text => text!);
    }

    // OCSF has a user only in its classes of accounts; the others name what they are about by its id.
    private static string? NameOf(EventParty? party, string schema) => schema.StartsWith("ocsf", StringComparison.Ordinal) ? null : party?.Name;

    private static IEnumerable<(string Path, string Value)> Leaves(JsonElement element, string path) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Leaves(member.Value, $"{path}.{member.Name}")),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(item => Leaves(item, path)),
        JsonValueKind.String => [(path, element.GetString()!)],
        _ => [(path, element.GetRawText())],
    };

    // Sizes of the members that are in the one and not in the other, with the objects that they would need around them.
    private static IEnumerable<int> Missing(JsonElement before, JsonElement after) => before.EnumerateObject().SelectMany(member =>
        !after.TryGetProperty(member.Name, out var same) ? Sizes(member)
        : member.Value.ValueKind == JsonValueKind.Object ? Missing(member.Value, same)
        : member.Value.GetRawText() != same.GetRawText() ? [member.Value.GetRawText().Length]
        : []);

    private static IEnumerable<int> Sizes(JsonProperty member) =>
        member.Value.ValueKind == JsonValueKind.Object && !Whole.Contains(member.Name)
            ? member.Value.EnumerateObject().SelectMany(Sizes).Select(size => size + member.Name.Length + 6)
            : [Encoding.UTF8.GetByteCount(member.Name) + Encoding.UTF8.GetByteCount(member.Value.GetRawText()) + 4];
}
