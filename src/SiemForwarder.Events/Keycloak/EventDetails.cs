using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Keycloak;

/// <summary>Reads and searches the details of an event, secrets redacted.</summary>
internal static class EventDetails
{
    [ThreadStatic]
    private static List<KeyValuePair<string, string>>? scratch;

    /// <summary>The members of the object that the reader stands on, in their order; of members of the same name the last one.</summary>
    public static KeyValuePair<string, string>[] Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return JsonText.ReadText(ref reader, json) is { } text ? [new("details", text)] : [];
        }

        var members = scratch ??= [];
        members.Clear();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonText.ReadString(ref reader);
            reader.Read();
            Add(members, name, ref reader, json);
        }

        return [.. members];
    }

    /// <summary>Adds the value that the reader stands on under its name, or the mask where the name says that it is a secret.</summary>
    public static void Add(List<KeyValuePair<string, string>> members, string name, ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var text = JsonText.ReadText(ref reader, json);
        if (text is null)
        {
            return;
        }

        var isSecret = SecretNames.IsSecret(name) && text is not ("true" or "false");
        var member = KeyValuePair.Create(name, isSecret ? SecretRedactor.Mask : SecretRedactor.RedactText(text));
        for (var index = 0; index < members.Count; index++)
        {
            if (members[index].Key == name)
            {
                members[index] = member;
                return;
            }
        }

        members.Add(member);
    }

    /// <summary>The detail of that name, or null.</summary>
    public static string? Find(IReadOnlyList<KeyValuePair<string, string>> details, string name)
    {
        for (var index = 0; index < details.Count; index++)
        {
            if (details[index].Key == name)
            {
                return details[index].Value;
            }
        }

        return null;
    }
}
