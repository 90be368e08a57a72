using System.Text.Json;
using System.Text.RegularExpressions;

namespace SiemForwarder.Tests.Events.Formats;

/// <summary>The words of JSON Schema 2020-12 that the schemas of the conformance data use; any other word is an error.</summary>
internal sealed class JsonSchemaValidator(JsonElement root)
{
    /// <summary>What is wrong with the value, with its place; empty where it is valid.</summary>
    public IReadOnlyList<string> Validate(JsonElement value)
    {
        var errors = new List<string>();
        Check(root, value, "$", errors);
        return errors;
    }

    private void Check(JsonElement schema, JsonElement value, string place, List<string> errors)
    {
        foreach (var word in schema.EnumerateObject())
        {
            var rule = word.Value;
            switch (word.Name)
            {
                case "$schema" or "$comment" or "$defs" or "title" or "description" or "then":
                    break;
                case "$ref":
                    Check(root.GetProperty("$defs").GetProperty(rule.GetString()!["#/$defs/".Length..]), value, place, errors);
                    break;
                case "type":
                    Expect(rule.ValueKind == JsonValueKind.Array ? rule.EnumerateArray().Any(one => IsOfType(value, one.GetString()!)) : IsOfType(value, rule.GetString()!), $"is no {rule}");
                    break;
                case "enum":
                    Expect(rule.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)), $"{value} is not in {rule}");
                    break;
                case "const":
                    Expect(JsonElement.DeepEquals(rule, value), $"{value} is not {rule}");
                    break;
                case "minimum":
                    Expect(value.ValueKind != JsonValueKind.Number || value.GetDouble() >= rule.GetDouble(), $"{value} is below {rule}");
                    break;
                case "maximum":
                    Expect(value.ValueKind != JsonValueKind.Number || value.GetDouble() <= rule.GetDouble(), $"{value} is above {rule}");
                    break;
                case "pattern":
                    Expect(value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, rule.GetString()!), $"{value} does not match {rule}");
                    break;
                case "minLength":
                    Expect(value.ValueKind != JsonValueKind.String || value.GetString()!.Length >= rule.GetInt32(), $"{value} is shorter than {rule}");
                    break;
                case "maxLength":
                    Expect(value.ValueKind != JsonValueKind.String || value.GetString()!.Length <= rule.GetInt32(), $"{value} is longer than {rule}");
                    break;
                case "required":
                    Expect(value.ValueKind != JsonValueKind.Object || rule.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)), $"lacks one of {rule}");
                    break;
                case "properties" when value.ValueKind == JsonValueKind.Object:
                    CheckMembers(rule, value, place, errors);
                    break;
                case "additionalProperties" when value.ValueKind == JsonValueKind.Object:
                    Assert.Equal(JsonValueKind.False, rule.ValueKind);
                    Expect(value.EnumerateObject().All(member => schema.GetProperty("properties").TryGetProperty(member.Name, out _)), $"has unknown members: {value}");
                    break;
                case "items" when value.ValueKind == JsonValueKind.Array:
                    Assert.All(value.EnumerateArray(), item => Check(rule, item, place + "[]", errors));
                    break;
                case "properties" or "additionalProperties" or "items":
                    break;
                case "allOf":
                    Assert.All(rule.EnumerateArray(), one => Check(one, value, place, errors));
                    break;
                case "anyOf":
                    Expect(rule.EnumerateArray().Any(one => IsValid(one, value)), $"meets none of {rule}");
                    break;
                case "oneOf":
                    Expect(rule.EnumerateArray().Count(one => IsValid(one, value)) == 1, $"does not meet exactly one of {rule}");
                    break;
                case "if":
                    if (IsValid(rule, value))
                    {
                        Check(schema.GetProperty("then"), value, place, errors);
                    }

                    break;
                default:
                    Assert.Fail($"The validator does not know '{word.Name}'.");
                    break;
            }
        }

        void Expect(bool isMet, string otherwise)
        {
            if (!isMet)
            {
                errors.Add($"{place} {otherwise}");
            }
        }
    }

    private void CheckMembers(JsonElement rules, JsonElement value, string place, List<string> errors)
    {
        foreach (var member in value.EnumerateObject())
        {
            if (rules.TryGetProperty(member.Name, out var rule))
            {
                Check(rule, member.Value, $"{place}.{member.Name}", errors);
            }
        }
    }

    private bool IsValid(JsonElement schema, JsonElement value)
    {
        var errors = new List<string>();
        Check(schema, value, "$", errors);
        return errors.Count == 0;
    }

    private static bool IsOfType(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "null" => value.ValueKind == JsonValueKind.Null,
        "number" => value.ValueKind == JsonValueKind.Number,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };
}
