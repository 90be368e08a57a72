using System.Text.Json;
using SiemForwarder.Detections;
using SiemForwarder.Detections.Fixtures;
using SiemForwarder.Detections.Yaml;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Detections;

/// <summary>The events of the pack's fixtures have the shape of events that real servers sent: members, details, paths and kinds of values.</summary>
public sealed class PackFixtureShapeTests
{
    private static readonly string[] BesideTheEvent = ["after", "times", "every", "geo", "names"];

    // Settings of representations and paths that Keycloak's documentation has and no recorded event happens to show.
    private static readonly string[] Documented =
    [
        "REALM browserFlow text", "REALM bruteForceProtected bool", "REALM eventsExpiration number", "REALM registrationAllowed bool", "REALM sslRequired text",
        "ACTION USER users/{id}/credentials/{id}/moveAfter/{id}",
    ];

    // Of a path these segments are words; all others are ids or names.
    private static readonly HashSet<string> Words = new(
        [
            "users", "credentials", "moveAfter", "role-mappings", "clients", "realm", "roles", "composites", "components", "events", "config", "authentication",
            "flows", "executions", "identity-provider", "instances", "mappers", "client-secret", "registration-access-token", "certificates", "generate",
            "reset-password", "clients-initial-access", "groups", "required-actions",
        ],
        StringComparer.Ordinal);

    private static readonly RecordedShapes Recorded = RecordedShapes.Read();

    public static TheoryData<string> Files => [.. DetectionPack.Files.Where(file => EventsOf(file).Any()).Select(file => file.File.Name)];

    [Theory]
    [MemberData(nameof(Files))]
    public void EventsOfFixturesHaveTheShapeOfThoseThatServersSent(string file)
    {
        var events = EventsOf(DetectionPack.Files.Single(one => one.File.Name == file));

        Assert.Empty(events.SelectMany(Recorded.Differences).Where(difference => !Documented.Contains(difference)).Distinct());
    }

    [Theory]
    [InlineData("""{type: GRANT_CONSENTS, clientId: a}""", "GRANT_CONSENTS")]
    [InlineData("""{type: OAUTH2_DEVICE_VERIFY_USER_CODE, clientId: a, userId: b}""", "OAUTH2_DEVICE_VERIFY_USER_CODE userId text")]
    [InlineData("""{type: GRANT_CONSENT, clientId: a, details: {username: b}}""", "GRANT_CONSENT details.username text")]
    [InlineData("""{type: LOGIN, clientId: 5}""", "LOGIN clientId number")]
    [InlineData("""{operationType: UPDATE, resourceType: USERS, resourcePath: users/u1}""", "UPDATE USERS")]
    [InlineData("""{operationType: UPDATE, resourceType: USER, resourcePath: users/u1/roles}""", "UPDATE USER users/{id}/roles")]
    [InlineData("""{operationType: UPDATE, resourceType: USER, resourcePath: users/u1, authDetails: {username: root}}""", "authDetails.username text")]
    [InlineData("""{operationType: UPDATE, resourceType: USER, resourcePath: users/u1, representation: {enabled: "yes"}}""", "USER enabled text")]
    public void AnEventThatNoServerSendsIsTold(string text, string difference)
    {
        var (documents, problem) = YamlReader.Read(text);

        Assert.Null(problem);
        Assert.Equal([difference], Recorded.Differences((YamlMap)Assert.Single(documents)));
    }

    // Those of Keycloak: what applications push has the shape that they choose, and alerts are the forwarder's own.
    private static IEnumerable<YamlMap> EventsOf(PackFile file) => RuleFixture.Read(file.Fixtures).Fixtures.SelectMany(fixture => fixture.Events)
        .Where(one => TextOf(one, "type") is not null || TextOf(one, "operationType") is not null);

    private static string? TextOf(YamlMap map, string key) => (map.Entries.FirstOrDefault(entry => entry.Key == key).Value as YamlScalar)?.Text;

    private static string PathOf(string path) => string.Join('/', path.Split('/').Select(segment => segment.Length == 0 || Words.Contains(segment) ? segment : "{id}"));

    private sealed class RecordedShapes
    {
        private readonly HashSet<string> known = new(StringComparer.Ordinal);

        public static RecordedShapes Read()
        {
            var shapes = new RecordedShapes();
            foreach (var name in RecordedEvents.Names)
            {
                foreach (var (_, one) in RecordedEvents.Read(name))
                {
                    using var json = JsonDocument.Parse(one);
                    shapes.Add(json.RootElement);
                }
            }

            return shapes;
        }

        /// <summary>What of an event no recorded one has.</summary>
        public IEnumerable<string> Differences(YamlMap one)
        {
            var members = one.Entries.Where(entry => !BesideTheEvent.Contains(entry.Key)).ToList();
            if (TextOf(one, "type") is { } type)
            {
                return !known.Contains(type) ? [type] : members.SelectMany(member => Leaves(member.Key, member.Value)).Select(leaf => $"{type} {leaf}").Where(IsNew);
            }

            var (resource, path) = (TextOf(one, "resourceType")!, TextOf(one, "resourcePath"));
            var deed = $"{TextOf(one, "operationType")} {resource}";
            if (!known.Contains(deed))
            {
                return [deed];
            }

            return members.Where(member => member.Key != "representation").SelectMany(member => Leaves(member.Key, member.Value))
                .Concat(path is null ? [] : [$"{deed} {PathOf(path)}"])
                .Concat(members.Where(member => member.Key == "representation").SelectMany(member => Leaves("", member.Value)).Select(leaf => $"{resource} {leaf}"))
                .Where(IsNew);
        }

        private bool IsNew(string shape) => !known.Contains(shape);

        private void Add(JsonElement one)
        {
            if (one.TryGetProperty("type", out var type))
            {
                known.Add(type.GetString()!);
                known.UnionWith(Leaves("", one).Select(leaf => $"{type.GetString()} {leaf}"));
                return;
            }

            var resource = one.GetProperty("resourceType").GetString()!;
            var deed = $"{one.GetProperty("operationType").GetString()} {resource}";
            known.Add(deed);
            known.Add($"{deed} {PathOf(one.TryGetProperty("resourcePath", out var path) ? path.GetString() ?? "" : "")}");
            known.UnionWith(Leaves("", one));
            if (one.TryGetProperty("representation", out var text) && text.GetString() is { Length: > 0 } json)
            {
                AddRepresentation(resource, json);
            }
        }

        private void AddRepresentation(string resource, string json)
        {
            try
            {
                using var representation = JsonDocument.Parse(json);
                known.UnionWith(Leaves("", representation.RootElement).Select(leaf => $"{resource} {leaf}"));
            }
            catch (JsonException)
            {
                // Servers cut long ones; such a one shows nothing.
            }
        }

        private static IEnumerable<string> Leaves(string path, JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.Object => value.EnumerateObject().SelectMany(member => Leaves(path.Length == 0 ? member.Name : $"{path}.{member.Name}", member.Value)),
            JsonValueKind.Array => value.EnumerateArray().SelectMany(item => Leaves($"{path}[]", item)),
            JsonValueKind.Number => [$"{path} number"],
            JsonValueKind.True or JsonValueKind.False => [$"{path} bool"],
            _ => [$"{path} text"],
        };

        private static IEnumerable<string> Leaves(string path, YamlNode value) => value switch
        {
            YamlMap map => map.Entries.SelectMany(entry => Leaves(path.Length == 0 ? entry.Key : $"{path}.{entry.Key}", entry.Value)),
            YamlList list => list.Items.SelectMany(item => Leaves($"{path}[]", item)),
            YamlScalar { Kind: ScalarKind.Integer or ScalarKind.Number } => [$"{path} number"],
            YamlScalar { Kind: ScalarKind.Boolean } => [$"{path} bool"],
            _ => [$"{path} text"],
        };
    }
}
