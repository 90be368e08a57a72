using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>The schemas of an OpenAPI document: what does not fit them, and values that do or do not.</summary>
internal sealed class ApiSchema(JsonNode document)
{
    private const int Deepest = 6;

    private static readonly string[] Words =
    [
        "", " ", "x", "a name", "now", "everything", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "2026-01-31T10:15:30Z", "http://127.0.0.1:9/", "tcp://127.0.0.1:9",
        "tls://127.0.0.1:9", "keycloak", "http", "syslog", "webhook", "JSON", "CEF", "native", "ecs", "user", "success", "basic", "subject", "mask", "default", "a\u0000b", "a\r\nb",
        "ä€😀", "\u202e", "%00", "../../x", "-1", "1e999", "null", "*", "a*", "siem-viewer", "file:/etc/passwd", "env:PATH",
    ];

    // What kind a source is, how somebody proves who they are, the key of hashes, who may push where, and bounds of times.
    private static readonly string[] NeedOthers = ["kind", "authentication", "privacyKey", "privacyKeyId", "privacy", "source", "inbox", "role", "from", "everything", "recent", "status"];

    /// <summary>What of a value does not fit a schema; null where it fits.</summary>
    public string? Misfit(JsonNode? value, JsonNode? schema, string where = "$")
    {
        schema = Resolve(schema);
        if (schema is not JsonObject one || one.Count == 0)
        {
            return null;
        }

        foreach (var part in one["allOf"]?.AsArray() ?? [])
        {
            if (Misfit(value, part, where) is { } misfit)
            {
                return misfit;
            }
        }

        if ((one["oneOf"] ?? one["anyOf"])?.AsArray() is { } choices && choices.All(choice => Misfit(value, choice, where) is not null))
        {
            return $"{where}: {value?.ToJsonString() ?? "null"} fits none of {choices.Count} choices ({Misfit(value, choices[^1], where)})";
        }

        var types = Types(one);
        var type = TypeOf(value);
        if (types.Count > 0 && !types.Contains(type) && !(type == "integer" && types.Contains("number")))
        {
            return $"{where}: {type} instead of {string.Join('|', types)}";
        }

        if (one["enum"]?.AsArray() is { } words && value is not null && !words.Any(word => JsonNode.DeepEquals(word, value)))
        {
            return $"{where}: {value.ToJsonString()} is none of {words.ToJsonString()}";
        }

        return value switch
        {
            JsonObject item => MisfitOfObject(item, one, where),
            JsonArray items => items.Select((item, index) => Misfit(item, one["items"], $"{where}[{index}]")).FirstOrDefault(misfit => misfit is not null),
            _ => null,
        };
    }

    /// <summary>A value for a schema: mostly one that fits, now and then anything.</summary>
    public JsonNode? Value(Random random, JsonNode? schema, int depth = 0)
    {
        schema = Resolve(schema);
        if (random.Next(10) == 0 || depth > Deepest || schema is not JsonObject one)
        {
            return Anything(random);
        }

        if ((one["oneOf"] ?? one["anyOf"])?.AsArray() is { Count: > 0 } choices)
        {
            return Value(random, choices[random.Next(choices.Count)], depth + 1);
        }

        if (one["enum"]?.AsArray() is { Count: > 0 } words && random.Next(8) > 0)
        {
            return words[random.Next(words.Count)]?.DeepClone();
        }

        var types = Types(one);
        switch (types.Count == 0 ? "" : types[random.Next(types.Count)])
        {
            case "object":
                var item = new JsonObject();
                foreach (var (name, member) in one["properties"]?.AsObject() ?? [])
                {
                    if (random.Next(2) == 0)
                    {
                        item[name] = Value(random, member, depth + 1);
                    }
                }

                if (random.Next(20) == 0)
                {
                    item[$"unknown {random.Next(3)}"] = Anything(random);
                }

                return item;
            case "array":
                return new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Value(random, one["items"], depth + 1))]);
            case "integer":
                return Integer(random);
            case "number":
                return random.NextDouble() * 100;
            case "boolean":
                return random.Next(2) == 0;
            case "string":
                return random.Next(4) == 0 ? one["example"]?.DeepClone() ?? Word(random) : Word(random);
            case "null":
                return null;
            default:
                return Anything(random);
        }
    }

    /// <summary>The values of a schema that has bounds or choices: its ends, or each choice; none where it has neither.</summary>
    public IEnumerable<JsonNode> Ends(JsonNode? schema) => Resolve(schema) is not JsonObject one ? []
        : one["enum"]?.AsArray() is { } words ? words.OfType<JsonValue>().Select(word => word.DeepClone())
        : Types(one).Contains("boolean") ? [false, true]
        : (string?)one["format"] == "date-time" ? ["2099-01-31T10:15:30Z", "2099-01-31T11:15:30.123+01:00"]
        : Types(one).Contains("integer") && one["minimum"] is { } least && one["maximum"] is { } most ? [least.DeepClone(), most.DeepClone()]
        : one["minLength"] is { } shortest && one["maxLength"] is { } longest ? [new string('x', (int)shortest), new string('ä', (int)longest)]
        : [];

    /// <summary>An example with one member at an end of its bounds; members that ask for others are left as they are.</summary>
    public IEnumerable<JsonObject> Variations(JsonObject example, JsonNode? schema)
    {
        foreach (var (name, member) in Resolve(schema)?["properties"]?.AsObject() ?? [])
        {
            var known = Resolve(member?["oneOf"]?.AsArray().FirstOrDefault(choice => choice!["$ref"] is not null) ?? member);
            if (NeedOthers.Contains(name) || (name == "integration" && example[name] is null) || (bool?)known?["readOnly"] == true)
            {
                continue;
            }

            var values = Types(known as JsonObject ?? []).Contains("array") ? Ends(known!["items"]).Select(JsonNode (end) => new JsonArray(end))
                : known?["properties"] is null ? Ends(known) : Variations(example[name] as JsonObject ?? [], known);
            foreach (var value in values)
            {
                var varied = example.DeepClone().AsObject();
                varied[name] = value;
                yield return varied;
            }
        }
    }

    private string? MisfitOfObject(JsonObject item, JsonObject schema, string where)
    {
        foreach (var name in schema["required"]?.AsArray().Select(name => (string)name!) ?? [])
        {
            if (!item.ContainsKey(name))
            {
                return $"{where}.{name} is missing";
            }
        }

        var properties = schema["properties"]?.AsObject();
        foreach (var (name, value) in item)
        {
            var member = properties?[name];
            if (member is null && properties is not null && schema["additionalProperties"] is JsonValue)
            {
                return $"{where}.{name} is not in the schema";
            }

            if (Misfit(value, member ?? (schema["additionalProperties"] as JsonObject), $"{where}.{name}") is { } misfit)
            {
                return misfit;
            }
        }

        return null;
    }

    private JsonNode? Resolve(JsonNode? schema)
    {
        while (schema is JsonObject one && (string?)one["$ref"] is { } reference)
        {
            schema = reference[2..].Split('/').Aggregate(document, (node, name) => node[name.Replace("~1", "/", StringComparison.Ordinal)]!);
        }

        return schema;
    }

    private static List<string> Types(JsonObject schema) => schema["type"] switch
    {
        JsonArray types => [.. types.Select(type => (string)type!)],
        { } type => [(string)type!],
        null => [],
    };

    private static string TypeOf(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.Null => "null",
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        _ => value.ToJsonString() is var number && long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? "integer" : "number",
    };

    private static JsonNode? Anything(Random random) => random.Next(8) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => Integer(random),
        3 => 1.5e300,
        4 => new JsonArray { Word(random), null, 1 },
        5 => new JsonObject { [(string)Word(random)!] = Word(random) },
        _ => Word(random),
    };

    private static JsonNode Integer(Random random) => random.Next(6) switch
    {
        0 => int.MaxValue,
        1 => long.MinValue,
        2 => long.MaxValue,
        3 => -1,
        _ => random.Next(20),
    };

    private static JsonNode Word(Random random) => random.Next(12) == 0 ? new string('w', random.Next(3000)) : Words[random.Next(Words.Length)];
}
