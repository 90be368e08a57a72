using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ZstdSharp;

namespace SiemForwarder.Benchmarks;

/// <summary>Trains the dictionary with which small segments are compressed, from the recorded events of the tests.</summary>
/// <remarks>The one in use never changes, since stored segments refer to it; another one would need a codec of its own.</remarks>
internal static partial class SegmentDictionary
{
    private const int Bytes = 16 * 1024;
    private const int Copies = 4;

    private static readonly JsonSerializerOptions AsSent = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // The same dictionary every time.
    private static readonly Random Chance = new(7);

    /// <summary>Writes the dictionary to a file.</summary>
    /// <param name="fixtures">Folder of the recorded events.</param>
    /// <param name="file">File to write.</param>
    public static void Train(string fixtures, string file)
    {
        var events = new[] { "recorded-26.7.4", "recorded-24.0.5", "keycloak-fixtures" }.SelectMany(name => Read(Path.Combine(fixtures, name + ".json"))).ToList();
        var samples = new List<byte[]>();
        foreach (var one in events)
        {
            for (var copy = 0; copy < Copies; copy++)
            {
                samples.Add(WithOtherIds(one.ToJsonString(AsSent)));
                samples.Add(WithOtherIds(AsWebhook(one).ToJsonString(AsSent)));
            }
        }

        var dictionary = DictBuilder.TrainFromBuffer(samples, Bytes);
        File.WriteAllBytes(file, dictionary.ToArray());
        Console.WriteLine($"{samples.Count} samples, {dictionary.Length} bytes: {file}");
    }

    private static IEnumerable<JsonObject> Read(string file)
    {
        var recorded = JsonNode.Parse(File.ReadAllText(file))!;
        foreach (var name in new[] { "userEvents", "adminEvents" })
        {
            foreach (var one in recorded[name]!.AsArray())
            {
                yield return (one!["event"] ?? one).AsObject();
            }
        }
    }

    // As the plug-in p2-inc/keycloak-events writes a login event.
    private static JsonObject AsWebhook(JsonObject one)
    {
        if (one["type"] is null)
        {
            return one;
        }

        var webhook = new JsonObject { ["id"] = one["id"]?.DeepClone(), ["time"] = one["time"]?.DeepClone(), ["type"] = $"access.{one["type"]}" };
        foreach (var name in new[] { "error", "realmId" })
        {
            if (one[name] is { } value)
            {
                webhook[name] = value.DeepClone();
            }
        }

        webhook["realmName"] = "acme";
        webhook["authDetails"] = new JsonObject
        {
            ["realmId"] = "acme",
            ["clientId"] = one["clientId"]?.DeepClone(),
            ["userId"] = one["userId"]?.DeepClone(),
            ["ipAddress"] = one["ipAddress"]?.DeepClone(),
            ["sessionId"] = one["sessionId"]?.DeepClone(),
            ["username"] = one["details"]?["username"]?.DeepClone(),
        };
        webhook["details"] = one["details"]?.DeepClone();
        return webhook;
    }

    // Ids and times of the recorded events would take places of what repeats.
    private static byte[] WithOtherIds(string json)
    {
        var ids = Uuid().Replace(json, _ =>
        {
            var id = new byte[16];
            Chance.NextBytes(id);
            return new Guid(id).ToString();
        });
        return Encoding.UTF8.GetBytes(Time().Replace(
            ids, _ => string.Create(CultureInfo.InvariantCulture, $"\"time\":{1_764_300_000_000 + Chance.NextInt64(100_000_000_000)}")));
    }

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", RegexOptions.CultureInvariant)]
    private static partial Regex Uuid();

    [GeneratedRegex("\"time\":[0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex Time();
}
