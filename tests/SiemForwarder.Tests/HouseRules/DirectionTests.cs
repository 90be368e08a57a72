using System.Text.RegularExpressions;
using System.Xml.Linq;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.HouseRules;

/// <summary>The flow goes one way: no project and no folder knows what comes behind it.</summary>
public sealed class DirectionTests
{
    private const string Service = "src/SiemForwarder.Service";

    // In the order of the flow: a folder may know those that are named with it, all of which stand above it.
    private static readonly (string Folder, string[] Knows)[] Folders =
    [
        ("Settings", []),
        ("Memory", []),
        ("Storage", ["Settings"]),
        ("Telemetry", ["Settings", "Storage"]),
        ("Api", ["Settings", "Storage"]),
        ("Access", ["Settings", "Storage", "Telemetry", "Api"]),
        ("Resilience", ["Settings", "Storage"]),
        ("Engines", ["Settings", "Storage", "Telemetry", "Api", "Access", "Resilience"]),
        ("Location", ["Settings"]),
        ("EventLog", ["Settings", "Memory", "Storage", "Telemetry", "Engines", "Location"]),
        ("Keycloak", ["Settings", "Telemetry", "EventLog"]),
        ("Inbox", ["Settings", "Memory", "Telemetry", "EventLog"]),
        ("Sources", ["Settings", "Storage", "Telemetry", "Engines", "Api", "Access", "EventLog", "Keycloak", "Inbox"]),
        ("Integrations", ["Settings", "Storage", "Api", "Access", "EventLog"]),
        ("Dispatch", ["Settings", "Memory", "Storage", "Telemetry", "Engines", "Api", "Access", "Resilience", "EventLog", "Integrations"]),
        ("Detections", ["Settings", "Storage", "Telemetry", "Engines", "Api", "Access", "Location", "EventLog", "Sources", "Integrations"]),
        ("Preview", ["Settings", "Storage", "Api", "Access", "EventLog", "Integrations", "Dispatch"]),
        ("Status", ["Settings", "Memory", "Storage", "Telemetry", "Api", "Access", "Engines", "EventLog", "Integrations", "Dispatch"]),
        ("Operations",
            ["Settings", "Memory", "Storage", "Telemetry", "Api", "Access", "Engines", "EventLog", "Sources", "Integrations", "Dispatch", "Detections"]),
        ("Audit",
            ["Settings", "Storage", "Telemetry", "Api", "Access", "Engines", "EventLog", "Sources", "Integrations", "Dispatch", "Detections", "Operations"]),
        ("Evidence", ["Settings", "Storage", "Api", "Access", "EventLog", "Integrations", "Dispatch"]),
        ("Configuration", ["Settings", "Storage", "Telemetry", "Api", "Access", "Engines", "Sources", "Integrations", "Detections"]),
        ("Pages", ["Api", "Access"]),
        ("Commands", ["Settings", "Storage", "Api", "Access", "Engines", "EventLog", "Integrations", "Sources", "Configuration"]),
    ];

    // The same inside a house that has folders of its own.
    private static readonly Dictionary<string, (string Folder, string[] Knows)[]> Houses = new()
    {
        [Service] = Folders,
        [$"{Service}/Keycloak"] =
        [
            ("Client", []),
            ("Polling", ["Client"]),
            ("Gaps", ["Client", "Polling"]),
            ("Checks", ["Client"]),
            ("Tail", ["Client", "Polling", "Gaps", "Checks"]),
        ],
        // The delivery knows no lane, and no lane knows another.
        [$"{Service}/Dispatch"] =
        [
            ("Retries", []), ("Delivery", ["Retries"]), ("Replays", ["Delivery"]), ("Redrive", ["Delivery", "Retries"]), ("Testing", ["Delivery"]),
            ("Lanes", ["Retries", "Delivery", "Replays", "Redrive"]),
        ],
        ["src/SiemForwarder.Connections"] = [("Tls", []), ("Network", ["Tls"])],
        ["src/SiemForwarder.Detections"] =
        [
            ("Yaml", []), ("Fields", []), ("Matching", ["Fields"]), ("Rules", ["Yaml", "Fields", "Matching"]), ("Alerts", ["Rules"]),
            ("State", ["Fields", "Rules", "Alerts"]), ("Windows", ["Fields", "Matching", "Rules", "State"]), ("Memories", ["Fields", "Matching", "Rules", "State"]),
            ("Fixtures", ["Yaml", "Fields", "Rules", "Alerts"]), ("Pack", []),
        ],
        ["src/SiemForwarder.Destinations"] = [("Http", []), ("Sockets", []), ("Files", ["Sockets"]), ("Amqp", []), ("Kafka", []), ("Nats", []), ("S3", ["Http"])],
        ["src/SiemForwarder.Destinations/Http"] =
        [
            ("Datadog", []), ("Elastic", []), ("Google", []), ("Otlp", []), ("Sentinel", []), ("Splunk", []), ("SumoLogic", []), ("Webhook", []),
        ],
    };

    private static readonly Dictionary<string, string[]> Projects = new()
    {
        ["SiemForwarder.Events"] = [],
        ["SiemForwarder.Connections"] = [],
        ["SiemForwarder.Destinations"] = ["SiemForwarder.Connections", "SiemForwarder.Events"],
        ["SiemForwarder.Detections"] = ["SiemForwarder.Events"],
        ["SiemForwarder.Simulator"] = [],
        ["SiemForwarder.WebConsole"] = [],
        ["SiemForwarder.Service"] =
        [
            "SiemForwarder.Connections", "SiemForwarder.Destinations", "SiemForwarder.Detections", "SiemForwarder.Events", "SiemForwarder.Simulator",
            "SiemForwarder.WebConsole",
        ],
    };

    [Fact]
    public void EveryProjectKnowsOnlyThoseBeforeIt()
    {
        var found = Directory.GetDirectories(Path.Combine(RepositoryFiles.Root, "src")).Select(Path.GetFileName)
            .Where(name => File.Exists(Path.Combine(RepositoryFiles.Root, "src", name!, $"{name}.csproj")));
        Assert.Equal(Projects.Keys.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        foreach (var (project, expected) in Projects)
        {
            var references = XDocument.Load(Path.Combine(RepositoryFiles.Root, "src", project, $"{project}.csproj")).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));

            Assert.Equal(expected, references.Order(StringComparer.Ordinal));
        }
    }

    public static TheoryData<string> AllHouses => [.. Houses.Keys];

    [Theory]
    [MemberData(nameof(AllHouses))]
    public void EveryFolderOfAHouseStandsInTheFlow(string house)
    {
        var found = Directory.GetDirectories(Path.Combine(RepositoryFiles.Root, house)).Select(Path.GetFileName).Where(name => name is not ("obj" or "bin" or "Properties"));
        var folders = Houses[house];

        Assert.Empty(found.Except(folders.Select(folder => folder.Folder)));
        for (var i = 0; i < folders.Length; i++)
        {
            Assert.Subset(folders[..i].Select(folder => folder.Folder).ToHashSet(), folders[i].Knows.ToHashSet());
        }
    }

    [Theory]
    [MemberData(nameof(AllHouses))]
    public void NoFolderOfAHouseKnowsWhatComesBehindIt(string house)
    {
        var files = SourceFiles.Under(house).Where(file => FolderOf(house, file.Path) is not null).ToList();
        var types = files.ToLookup(file => FolderOf(house, file.Path)!, file => SourceFiles.DeclaredTypes(file.Text).ToList());
        var offences = new List<string>();
        foreach (var (folder, knows) in Houses[house])
        {
            var forbidden = Houses[house].Select(other => other.Folder).Where(other => other != folder && !knows.Contains(other));
            foreach (var other in forbidden)
            {
                var declared = types[other].SelectMany(names => names).ToHashSet();
                offences.AddRange(files.Where(file => FolderOf(house, file.Path) == folder)
                    .SelectMany(file => Mentions(house, file.Path, SourceFiles.Code(file.Text), other, declared)));
            }
        }

        SourceFiles.AssertNone(offences);
    }

    private static IEnumerable<string> Mentions(string house, string path, string code, string folder, HashSet<string> declared)
    {
        var space = house["src/".Length..].Replace('/', '.');
        if (Regex.IsMatch(code, $@"using\s+(static\s+)?{Regex.Escape(space)}\.{folder}\b"))
        {
            var named = declared.Where(type => Regex.IsMatch(code, $@"\b{type}\b")).DefaultIfEmpty("nothing");
            yield return $"{path} uses {folder} for {string.Join(", ", named)}";
        }

        foreach (Match match in Regex.Matches(code, $@"(?<![\w.])(?:{Regex.Escape(space)}\.)?{folder}\.(?:[A-Z]\w*\.)?(?<type>[A-Z]\w*)"))
        {
            if (declared.Contains(match.Groups["type"].Value))
            {
                yield return $"{path} names {folder}.{match.Groups["type"].Value}";
            }
        }
    }

    private static string? FolderOf(string house, string path)
    {
        var parts = path[(house.Length + 1)..].Split('/');
        return parts.Length > 1 ? parts[0] : null;
    }
}
