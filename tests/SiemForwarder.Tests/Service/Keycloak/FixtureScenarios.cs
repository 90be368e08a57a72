using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.Simulator;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Keycloak;

/// <summary>The tail scenarios of the fixtures.</summary>
internal static class FixtureScenarios
{
    /// <summary>When the fixtures' events happen.</summary>
    public const long TimeMs = 1789041600000;

    private static readonly JsonNode Root = JsonNode.Parse(File.ReadAllText(
        Path.Combine(RepositoryFiles.Root, "tests/SiemForwarder.Tests/Service/Keycloak/keycloak-fixtures.json")))!["scenarios"]!;

    public static JsonNode Get(string name) => Root[name]!;

    /// <summary>Adds rows of a scenario; those without an id get one that a server without ids does not show.</summary>
    public static void Add(SimulatedEvents events, JsonNode rows)
    {
        foreach (var row in rows.AsArray())
        {
            var withId = new JsonObject { ["id"] = (string?)row!["id"] ?? Guid.NewGuid().ToString() };
            foreach (var (name, value) in row.AsObject().Where(member => member.Key != "id"))
            {
                withId[name] = value!.DeepClone();
            }

            events.Add((long)row["time"]!, Encoding.UTF8.GetBytes(withId.ToJsonString()));
        }
    }
}
