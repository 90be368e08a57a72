using System.Text.Json;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations;

/// <summary>Reads the destination-specific settings from JSON and records every fault by field.</summary>
internal sealed class SettingReader
{
    private const int MaxCharacters = 4000;

    private readonly JsonElement settings;
    private readonly HashSet<string> known = new(StringComparer.Ordinal);
    private readonly List<SettingFault> faults = [];

    public SettingReader(JsonElement? settings)
    {
        this.settings = settings ?? default;
        if (this.settings.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null or JsonValueKind.Undefined))
        {
            faults.Add(new SettingFault("settings", "Must be an object."));
        }
    }

    /// <summary>All faults so far, plus one for every unknown member.</summary>
    public IReadOnlyList<SettingFault> Faults
    {
        get
        {
            var unknown = settings.ValueKind == JsonValueKind.Object
                ? settings.EnumerateObject().Where(member => !known.Contains(member.Name) && !IsMark(member)).Select(member => member.Name)
                : [];
            return [.. faults, .. unknown.Select(
                name => new SettingFault($"settings.{name}", $"Is not a setting of this destination; it has: {string.Join(", ", known.Order())}."))];
        }
    }

    /// <summary>A single line of text; null if missing or empty.</summary>
    public string? Text(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            return Refuse<string>(name, "Must be text.");
        }

        var text = value.GetString()!.Trim().Trim('\uFEFF');
        return text.Length > MaxCharacters || text.Any(char.IsControl)
            ? Refuse<string>(name, $"Must be one line of at most {MaxCharacters} characters.")
            : text.Length == 0 ? null : text;
    }

    /// <summary>Multi-line text, such as a key file; null if missing or empty.</summary>
    public string? Lines(string name) => Find(name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { Length: > 0 } text ? text : null;

    /// <summary>A single line of text, with a fault if missing.</summary>
    public string Required(string name, string sentence)
    {
        var before = faults.Count;
        var text = Text(name);
        if (text is null && faults.Count == before)
        {
            Fault(name, sentence);
        }

        return text ?? "";
    }

    public Secret? SecretText(string name) => SiemForwarder.Connections.SecretText.Of(Text(name));

    public bool Flag(string name, bool usual)
    {
        if (Find(name) is not { } value)
        {
            return usual;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Fault(name, "Must be true or false.");
        return usual;
    }

    public int Number(string name, int usual, int from, int to)
    {
        if (Find(name) is not { } value)
        {
            return usual;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= from && number <= to)
        {
            return number;
        }

        Fault(name, $"Must be a number from {from} to {to}.");
        return usual;
    }

    public string Choice(string name, string usual, params string[] choices)
    {
        var text = Text(name);
        if (text is null)
        {
            return usual;
        }

        if (Array.Find(choices, choice => string.Equals(choice, text, StringComparison.OrdinalIgnoreCase)) is { } chosen)
        {
            return chosen;
        }

        Fault(name, $"Must be one of: {string.Join(", ", choices)}.");
        return usual;
    }

    public void Fault(string name, string sentence) => faults.Add(new SettingFault($"settings.{name}", sentence));

    // A secret is returned as "<name>Set"; what was read may be written back unchanged.
    private bool IsMark(JsonProperty member) => member.Value.ValueKind is JsonValueKind.True or JsonValueKind.False
        && member.Name.EndsWith("Set", StringComparison.Ordinal) && known.Contains(member.Name[..^3]);

    private JsonElement? Find(string name)
    {
        known.Add(name);
        return settings.ValueKind == JsonValueKind.Object && settings.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? value
            : null;
    }

    private T? Refuse<T>(string name, string sentence)
        where T : class
    {
        Fault(name, sentence);
        return null;
    }
}
