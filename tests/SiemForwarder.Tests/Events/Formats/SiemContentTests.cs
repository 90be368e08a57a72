using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SiemForwarder.Destinations.Http.Sentinel;
using SiemForwarder.Events;
using SiemForwarder.Service.Operations;
using SiemForwarder.Tests.Support;
using YamlDotNet.RepresentationModel;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>Searches and rules for SIEMs (docs/content) name fields that are sent and signature ids that exist.</summary>
public sealed partial class SiemContentTests
{
    private static readonly string Folder = Path.Combine(RepositoryFiles.Root, "docs", "content");
    private static readonly SecurityEvent[] Samples =
    [
        .. CatalogueEvents.Types(), .. CatalogueEvents.Detections(),
        Admin("CREATE", "REALM_ROLE_MAPPING", """[{"id":"r-1","name":"admin"}]"""), Admin("UPDATE", "REALM", """{"eventsEnabled":false,"adminEventsEnabled":false}"""),
    ];

    private static readonly HashSet<string> SignatureIds =
    [
        .. EventCatalog.All.Select(one => one.SignatureId ?? one.Type), .. Samples.Select(one => one.SignatureId),
        .. AlarmKind.All.Select(alarm => alarm.Raised),
    ];

    [Fact]
    public void SplunkSearchesUseFieldsOfTheSchemaCim()
    {
        var sent = FieldsOf("cim");
        var folder = Path.Combine(Folder, "splunk", "keycloak_siemforwarder", "default");
        var aliases = Regex.Matches(File.ReadAllText(Path.Combine(folder, "props.conf")), @"^FIELDALIAS-\w+ = ""?(?<from>[\w.]+)""? ASNEW (?<to>\w+)$", RegexOptions.Multiline);
        Assert.NotEmpty(aliases);
        Assert.All(aliases, alias => Assert.Contains(alias.Groups["from"].Value, sent));
        var known = sent.Concat(aliases.Select(alias => alias.Groups["to"].Value)).Concat(["_time", "sourcetype", "count"]).ToHashSet();
        var searches = Directory.GetFiles(folder, "*.conf").SelectMany(file => Regex.Matches(File.ReadAllText(file), @"^search = (?<text>.+)$", RegexOptions.Multiline))
            .Select(match => match.Groups["text"].Value).ToList();

        Assert.True(searches.Count > 8);
        foreach (var search in searches)
        {
            var made = Regex.Matches(search, @"\bAS (?<name>\w+)").Select(match => match.Groups["name"].Value).Append("span");
            var used = Regex.Matches(search, @"(?<![\w.])""?(?<name>[a-zA-Z_][\w.]*)""?(?:=| IN )").Select(match => match.Groups["name"].Value)
                .Concat(Regex.Matches(search, @"\b(?:BY|table) (?<names>[\w., ]+)").SelectMany(match => match.Groups["names"].Value.Split(',', StringSplitOptions.TrimEntries)))
                .Concat(Regex.Matches(search, @"\b(?:dc|values)\((?<name>\w+)\)").Select(match => match.Groups["name"].Value));
            Assert.Equal([], used.Except(known).Except(made));
            AssertSignatureIds(search);
        }
    }

    [Fact]
    public void ElasticRulesUseFieldsOfTheSchemaEcs()
    {
        var sent = FieldsOf("ecs").Append("data_stream.dataset").ToHashSet();
        var rules = File.ReadAllLines(Path.Combine(Folder, "elastic", "detection-rules.ndjson")).Select(line => JsonDocument.Parse(line).RootElement).ToList();

        Assert.Equal(rules.Count, rules.Select(rule => rule.GetProperty("rule_id").GetString()).Distinct().Count());
        foreach (var rule in rules)
        {
            var query = rule.GetProperty("query").GetString()!;
            var used = Regex.Matches(query, @"(?<![\w.""])(?<name>[a-z_]+(?:\.\w+)+)\s*(?::|==)|\bby (?<name>[\w.]+)").Select(match => match.Groups["name"].Value)
                .Concat(rule.TryGetProperty("threshold", out var threshold) ? threshold.GetProperty("field").EnumerateArray().Select(field => field.GetString()!) : []);
            Assert.NotEmpty(used);
            Assert.Equal([], used.Except(sent));
            Assert.False(rule.GetProperty("enabled").GetBoolean());
            AssertSignatureIds(query);
        }
    }

    [Fact]
    public void TheDashboardOfKibanaUsesFieldsOfTheSchemaEcs()
    {
        var sent = FieldsOf("ecs").Concat(["data_stream.dataset", "@timestamp", "___records___"]).ToHashSet();
        var objects = File.ReadAllLines(Path.Combine(Folder, "elastic", "dashboard.ndjson")).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var view = objects.Single(one => one.GetProperty("type").GetString() == "index-pattern");
        var dashboard = objects.Single(one => one.GetProperty("type").GetString() == "dashboard");
        var attributes = dashboard.GetProperty("attributes");
        var panels = JsonDocument.Parse(attributes.GetProperty("panelsJSON").GetString()!).RootElement.EnumerateArray().ToList();
        var references = dashboard.GetProperty("references").EnumerateArray().ToDictionary(one => one.GetProperty("name").GetString()!, one => one.GetProperty("id").GetString());

        Assert.True(panels.Count > 10);
        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("panelIndex").GetString()).Distinct().Count());
        AssertQuery(JsonDocument.Parse(attributes.GetProperty("kibanaSavedObjectMeta").GetProperty("searchSourceJSON").GetString()!).RootElement.GetProperty("query"));
        foreach (var panel in panels)
        {
            var state = panel.GetProperty("embeddableConfig").GetProperty("attributes").GetProperty("state");
            AssertQuery(state.GetProperty("query"));
            foreach (var layer in state.GetProperty("datasourceStates").GetProperty("formBased").GetProperty("layers").EnumerateObject())
            {
                var columns = layer.Value.GetProperty("columns").EnumerateObject().ToDictionary(column => column.Name, column => column.Value);
                Assert.Equal([], columns.Values.Select(column => column.GetProperty("sourceField").GetString()!).Except(sent));
                Assert.Equal(layer.Value.GetProperty("columnOrder").EnumerateArray().Select(one => one.GetString()!), columns.Keys);
                Assert.All(Named(state.GetProperty("visualization")), column => Assert.Contains(column, columns.Keys));
                Assert.Equal(view.GetProperty("id").GetString(), references[$"{panel.GetProperty("panelIndex").GetString()}:indexpattern-datasource-layer-{layer.Name}"]);
            }
        }

        void AssertQuery(JsonElement query)
        {
            var text = query.GetProperty("query").GetString()!;
            Assert.Equal([], Regex.Matches(text, @"(?<![\w.""])(?<name>[a-z_]+(?:\.\w+)+)\s*:").Select(match => match.Groups["name"].Value).Except(sent));
            AssertSignatureIds(text);
        }

        // The columns that a visualization shows, wherever its kind names them.
        static IEnumerable<string> Named(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.Object => value.EnumerateObject().SelectMany(member => member.Name is "columnId" or "metricAccessor" or "xAccessor" or "splitAccessor"
                ? [member.Value.GetString()!] : member.Name == "accessors" ? member.Value.EnumerateArray().Select(one => one.GetString()!) : Named(member.Value)),
            JsonValueKind.Array => value.EnumerateArray().SelectMany(Named),
            _ => [],
        };
    }

    [Fact]
    public void TheTemplateOfSentinelDeclaresTheColumnsThatAreSent()
    {
        using var template = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "sentinel", "table-and-rule.json")));
        var resources = template.RootElement.GetProperty("resources").EnumerateArray().ToList();
        var table = resources[0].GetProperty("properties").GetProperty("schema").GetProperty("columns");
        var stream = resources[2].GetProperty("properties").GetProperty("streamDeclarations").GetProperty("Custom-KeycloakEvents_CL").GetProperty("columns");

        Assert.True(JsonElement.DeepEquals(table, stream));
        Assert.Equal(
            Row().Select(column => (column.Name, Type: TypeOf(column))).Order(),
            stream.EnumerateArray().Select(column => (column.GetProperty("name").GetString()!, Type: column.GetProperty("type").GetString()!)).Order());

        static string TypeOf(JsonProperty column) => column.Name == "TimeGenerated" ? "datetime" : column.Value.ValueKind switch
        {
            JsonValueKind.Number => "int", JsonValueKind.Object => "dynamic", _ => "string",
        };
    }

    [Fact]
    public void QueriesForSentinelUseItsColumns()
    {
        var columns = Row().Select(column => column.Name).Append("KeycloakEvents_CL").ToHashSet();
        using var workbook = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "sentinel", "failed-logins.workbook.json")));
        var queries = workbook.RootElement.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("content"))
            .Where(content => content.TryGetProperty("query", out var query) && query.GetString() is { Length: > 0 }).Select(content => content.GetProperty("query").GetString()!)
            .Concat(Directory.GetFiles(Path.Combine(Folder, "sentinel", "rules"), "*.yaml").Select(QueryOf)).ToList();

        Assert.True(queries.Count > 10);
        foreach (var query in queries)
        {
            // Parameters of the workbook stand in braces.
            var code = Regex.Replace(Regex.Replace(query, "'[^']*'", "''"), @"\{\w+\}", "");
            var made = Regex.Matches(code, @"\b(?<name>[A-Z]\w+) = ").Select(match => match.Groups["name"].Value);
            Assert.Equal([], Regex.Matches(code, @"(?<!\.)\b[A-Z]\w+").Select(match => match.Value).Except(columns).Except(made));
            AssertSignatureIds(query);
        }

        static string QueryOf(string file)
        {
            var yaml = new YamlStream();
            yaml.Load(new StringReader(File.ReadAllText(file)));
            var rule = (YamlMappingNode)yaml.Documents[0].RootNode;
            Assert.All(["id", "name", "severity", "queryFrequency", "entityMappings", "kind"], key => Assert.True(rule.Children.ContainsKey(new YamlScalarNode(key)), $"{file} lacks {key}"));
            return ((YamlScalarNode)rule["query"]).Value!;
        }
    }

    [Fact]
    public void RulesOfWazuhUseFieldsOfTheNativeSchema()
    {
        var sent = FieldsOf("json");
        var text = File.ReadAllText(Path.Combine(Folder, "wazuh", "keycloak_rules.xml"));
        var rules = XDocument.Parse(text).Root!.Elements("rule").ToList();

        Assert.Equal(rules.Count, rules.Select(rule => (int)rule.Attribute("id")!).Where(id => id is >= 100_200 and < 100_300).Distinct().Count());
        var fields = rules.Elements("field").Select(field => (string)field.Attribute("name")!)
            .Concat(rules.Elements("same_field").Concat(rules.Elements("different_field")).Select(field => field.Value))
            .Concat(Regex.Matches(text, @"\$\((?<name>[\w.]+)\)").Select(match => match.Groups["name"].Value));
        Assert.Equal([], fields.Except(sent));
        Assert.All(rules.Elements("field").Where(field => (string)field.Attribute("name")! is "signature_id" or "event_type"), field => AssertSignatureIds(field.Value));
        var ids = rules.Select(rule => (string)rule.Attribute("id")!).ToHashSet();
        Assert.All(rules.Elements("if_sid").Concat(rules.Elements("if_matched_sid")), parent => Assert.Contains(parent.Value, ids));
    }

    private static void AssertSignatureIds(string text) =>
        Assert.All(Named().Matches(text), match => Assert.Contains(SignatureIds, id => match.Groups["open"].Success ? id.StartsWith(match.Groups["id"].Value, StringComparison.Ordinal) : id == match.Groups["id"].Value));

    private static HashSet<string> FieldsOf(string format)
    {
        var names = new HashSet<string>();
        foreach (var sample in Samples)
        {
            using var document = JsonDocument.Parse(FormatSettings.Write(format, sample));
            Flatten("", document.RootElement);
        }

        return names;

        void Flatten(string path, JsonElement value)
        {
            foreach (var member in value.EnumerateObject())
            {
                names.Add(path + member.Name);
                if (member.Value.ValueKind == JsonValueKind.Object)
                {
                    Flatten($"{path}{member.Name}.", member.Value);
                }
            }
        }
    }

    private static List<JsonProperty> Row()
    {
        var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            SentinelRow.Write(writer, Samples[0], "{}"u8);
        }

        return [.. JsonDocument.Parse(buffer.ToArray()).RootElement.EnumerateObject()];
    }

    private static SecurityEvent Admin(string operation, string resourceType, string representation) => Some.Normalized(EventStream.Admin, Encoding.UTF8.GetBytes(
        JsonSerializer.Serialize(new { id = "e1", time = 1762164930123, operationType = operation, resourceType, resourcePath = "users/u1/role-mappings/realm", representation })));

    // An id of capitals; one that a star or the missing end of a regular expression leaves open stands for all that begin so.
    [GeneratedRegex(@"(?<![\w.])(?<id>[A-Z]{4,}(?:[-_][A-Z_]+)+)(?<open>\*|(?=$)|(?='\n| *' ?$))?")]
    private static partial Regex Named();
}
