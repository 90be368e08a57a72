using System.Text.Json;
using System.Text.RegularExpressions;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Tests.Support;
using YamlDotNet.RepresentationModel;

namespace SiemForwarder.EndToEnd.Content;

/// <summary>Every query for Microsoft Sentinel is valid to the parser of Kusto itself, with the table that the template declares.</summary>
[Trait("Program", "kusto")]
public sealed partial class SentinelQueryTests
{
    private const string Node = "/usr/bin/node";

    // The names of these constructors are what Microsoft's translation of its C# to JavaScript gives them.
    private const string Script = """
        const fs = require('fs'), vm = require('vm'), path = require('path');
        for (const file of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) vm.runInThisContext(fs.readFileSync(path.join(process.argv[1], file), 'utf8'));
        const asked = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
        const table = new Kusto.Language.Symbols.TableSymbol.$ctor7('KeycloakEvents_CL', asked.schema, null);
        const database = new Kusto.Language.Symbols.DatabaseSymbol.$ctor3('workspace', null, Bridge.toArray([table]), false);
        const globals = Kusto.Language.GlobalState.Default.WithDatabase(database);
        console.log(JSON.stringify(asked.queries.map(query =>
          Bridge.toArray(Kusto.Language.KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics()).map(one => one.Message))));
        """;

    private static readonly string Package = Path.Combine(
        Environment.GetEnvironmentVariable("KUSTO_HOME") ?? "/opt/siemforwarder-kusto", "node_modules", "@kusto", "language-service-next");

    private static readonly string Folder = Path.Combine(RepositoryFiles.Root, "docs", "content", "sentinel");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryQueryOfTheContentAndOfThePageIsValid()
    {
        var rules = Directory.GetFiles(Path.Combine(Folder, "rules"), "*.yaml").Select(QueryOf).ToList();
        using var workbook = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Folder, "failed-logins.workbook.json"), Token));
        var shown = workbook.RootElement.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("content"))
            .Where(content => content.TryGetProperty("query", out var query) && query.GetString() is { Length: > 0 })
            .Select(content => content.GetProperty("query").GetString()!.Replace("{Realm}", "'acme'", StringComparison.Ordinal)).ToList();
        var page = CodeOfKusto().Matches(await File.ReadAllTextAsync(Path.Combine(RepositoryFiles.Root, "docs", "siem", "sentinel.md"), Token))
            .Select(match => match.Groups["code"].Value).ToList();

        var queries = rules.Concat(shown).Concat(page).ToList();
        var faults = await FaultsAsync(queries);

        Assert.True(rules.Count >= 7 && shown.Count >= 5 && page.Count >= 2);
        Assert.All(queries.Zip(faults), one => Assert.True(one.Second.Count == 0, $"{one.First}\n{string.Join('\n', one.Second)}"));
    }

    [Fact]
    public async Task AStaleColumnAndAWrongWordAreFaults()
    {
        var faults = await FaultsAsync(["KeycloakEvents_CL | where FormerName == 'x'", "KeycloakEvents_CL | wher EventType == 'x'", "KeycloakEvents_CL | where Severity has 'x'"]);

        Assert.Contains("'FormerName'", faults[0][0], StringComparison.Ordinal);
        Assert.NotEmpty(faults[1]);
        // Types are checked too.
        Assert.NotEmpty(faults[2]);
    }

    private static async Task<List<List<string>>> FaultsAsync(IReadOnlyList<string> queries)
    {
        Assert.SkipUnless(Directory.Exists(Package) && File.Exists(Node), "the parser of Kusto is not installed: run .ci/install-receivers, which needs npm");
        using var template = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Folder, "table-and-rule.json"), Token));
        var columns = template.RootElement.GetProperty("resources")[0].GetProperty("properties").GetProperty("schema").GetProperty("columns").EnumerateArray()
            .Select(column => $"{column.GetProperty("name").GetString()}: {column.GetProperty("type").GetString()}");
        await using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "asked.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { schema = $"({string.Join(", ", columns)})", queries }), Token);

        var (code, said) = await ChildProgram.RunAsync(Node, ["-e", Script, Package, file], Token);

        Assert.True(code == 0, said);
        return JsonSerializer.Deserialize<List<List<string>>>(said)!;
    }

    private static string QueryOf(string file)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(File.ReadAllText(file)));
        return ((YamlScalarNode)((YamlMappingNode)yaml.Documents[0].RootNode)["query"]).Value!;
    }

    [GeneratedRegex(@"```kusto\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeOfKusto();
}
