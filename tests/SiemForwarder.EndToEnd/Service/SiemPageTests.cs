using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>The page of each SIEM says what the product does: its request is taken, its fields are sent, its words of faults are the product's.</summary>
public sealed partial class SiemPageTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const string Path = "/api/v1/integrations";

    // What a receiver takes off the names of fields: Splunk and LogScale the envelope, syslog servers the SD-ID.
    private static readonly string[] Envelopes = ["", "event.", "keycloak@32473."];

    private static readonly string Folder = System.IO.Path.Combine(RepositoryFiles.Root, "docs", "siem");

    private static readonly string[] Headings = ["What you get", "In ", "Here", "Verify", "Fields", "Common faults"];

    public static TheoryData<string> Pages()
    {
        var data = new TheoryData<string>();
        foreach (var page in PagesOfTheFolder())
        {
            data.Add(page);
        }

        return data;
    }

    [Fact]
    public void TheIndexListsThePagesThatThereAre()
    {
        var listed = IndexRow().Matches(Read("README.md")).Select(row => row.Groups["page"].Value).Order(StringComparer.Ordinal);

        Assert.Equal(PagesOfTheFolder(), listed);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void APageHasTheShapeOfAllAndNamesTheTest(string page)
    {
        var headings = Heading().Matches(Read(page)).Select(match => match.Groups["name"].Value).ToList();

        Assert.Equal(Headings.Length, headings.Count);
        Assert.All(Headings.Zip(headings), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
        Assert.Contains("POST /api/v1/integrations/{id}/test", SectionOf(page, "Verify"), StringComparison.Ordinal);
        Assert.Contains("eventId", SectionOf(page, "Verify"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task TheRequestOfAPageIsTakenAsItStands(string page)
    {
        var answer = await (await running.GetAsync()).SendAsync(HttpMethod.Post, Path, RequestOf(page));

        Assert.True(answer.Status == HttpStatusCode.Created, $"{page}: {answer.Text}");
        Assert.Null(answer.Json["warnings"]);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task EveryFieldOfAPageIsSent(string page)
    {
        var request = new JsonObject { ["integration"] = JsonNode.Parse(RequestOf(page)), ["events"] = SomeOfEachType() };
        var answer = await (await running.GetAsync()).SendAsync(HttpMethod.Post, $"{Path}/preview", request.ToJsonString());

        Assert.True(answer.Status == HttpStatusCode.OK, $"{page}: {answer.Text}");
        Assert.Equal(0, answer.Json["errors"]!.GetValue<int>());
        var shown = answer.Json["messages"]!.AsArray().SelectMany(message => message!["fields"]!.AsArray())
            .Where(field => field!["value"]!.GetValue<string>() is not ("" or "null")).Select(field => field!["name"]!.GetValue<string>()).ToHashSet();
        var named = FirstCells(page, "Fields").SelectMany(cell => Quoted().Matches(cell).Select(match => match.Groups["code"].Value)).ToList();
        Assert.InRange(named.Count, 10, 20);
        var missing = named.Where(field => !Envelopes.Any(envelope => shown.Contains(envelope + field))).ToList();
        Assert.Empty(missing);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void TheWordsOfFaultsAreThoseOfTheProduct(string page)
    {
        var words = FirstCells(page, "Common faults").SelectMany(cell => Spoken().Matches(cell).Select(match => match.Groups["words"].Value)).ToList();
        var sources = Directory.EnumerateFiles(System.IO.Path.Combine(RepositoryFiles.Root, "src"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText).ToList();

        Assert.NotEmpty(words);
        var unknown = words.Where(one => !sources.Any(source => source.Contains(one, StringComparison.Ordinal))).ToList();
        Assert.Empty(unknown);
    }

    // Recorded from Keycloak: the first event of each type.
    private static JsonArray SomeOfEachType()
    {
        var events = RecordedEvents.Read("recorded-26.7.4").Select(one => JsonNode.Parse(one.Json)!)
            .DistinctBy(one => $"{one["type"]}{one["operationType"]}{one["resourceType"]}").Take(100);
        return new JsonArray(events.ToArray());
    }

    private static List<string> PagesOfTheFolder() =>
        [.. Directory.GetFiles(Folder, "*.md").Select(file => System.IO.Path.GetFileName(file)).Where(name => name != "README.md").Order(StringComparer.Ordinal)];

    private static string Read(string page) => File.ReadAllText(System.IO.Path.Combine(Folder, page));

    private static string RequestOf(string page) => Assert.Single(JsonBlock().Matches(Read(page)).ToList()).Groups["json"].Value;

    private static string SectionOf(string page, string heading) =>
        Read(page).Split("\n## ").Single(section => section.StartsWith(heading + "\n", StringComparison.Ordinal));

    /// <summary>First cells of the rows of the section's table, without its head.</summary>
    private static IEnumerable<string> FirstCells(string page, string heading) =>
        SectionOf(page, heading).Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(2).Select(line => line.Split('|')[1]);

    [GeneratedRegex(@"^\| \[(?<page>[a-z0-9-]+\.md)\]\(\k<page>\) \|", RegexOptions.Multiline)]
    private static partial Regex IndexRow();

    [GeneratedRegex("^## (?<name>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^```json\n(?<json>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex JsonBlock();

    [GeneratedRegex("`(?<code>[^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex("\"(?<words>[^\"]+)\"")]
    private static partial Regex Spoken();
}
