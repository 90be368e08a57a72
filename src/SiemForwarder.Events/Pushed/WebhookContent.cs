using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Pushed;

/// <summary>Writes a pushed webhook payload as Keycloak's API would return the event, so that both have the same content hash.</summary>
/// <remarks>Servers before 26.2 return no ids, so events pulled from them are identified by content alone.</remarks>
internal static class WebhookContent
{
    private static readonly string[] UserMembers = ["clientId", "userId", "sessionId", "ipAddress"];

    /// <summary>The representation of the event, as far as the payload contains it.</summary>
    /// <exception cref="JsonException">The bytes are not one JSON object.</exception>
    public static ReadOnlyMemory<byte> Write(ReadOnlyMemory<byte> json, PushedShape shape)
    {
        var output = new ArrayBufferWriter<byte>(json.Length + 64);
        using var document = JsonDocument.Parse(json);
        using var writer = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
        var root = document.RootElement;
        writer.WriteStartObject();
        Copy(root, "time", writer);
        Copy(root, "realmId", writer);
        Copy(root, "error", writer);
        if (shape == PushedShape.AdminWebhook)
        {
            WriteAdmin(root, writer);
        }
        else
        {
            WriteUser(root, writer);
        }

        writer.WriteEndObject();
        writer.Flush();
        return output.WrittenMemory;
    }

    private static void WriteUser(JsonElement root, Utf8JsonWriter writer)
    {
        writer.WriteString("type", PushedOutline.WithoutUserPrefix(Text(root, "type")));
        var actor = ElementText.Find(root, "authDetails") is { ValueKind: JsonValueKind.Object } details ? details : root;
        foreach (var name in UserMembers)
        {
            Copy(actor, name, writer);
        }

        Copy(root, "details", writer);
    }

    // Servers that return no ids return no details of admin events either.
    private static void WriteAdmin(JsonElement root, Utf8JsonWriter writer)
    {
        var split = PushedOutline.SplitAdminType(Text(root, "type"));
        writer.WriteString("operationType", Text(root, "operationType") ?? split?.Operation);
        writer.WriteString("resourceType", Text(root, "resourceType") ?? split?.ResourceType);
        Copy(root, "resourcePath", writer);
        Copy(root, "representation", writer);
        if (ElementText.Find(root, "authDetails") is not { ValueKind: JsonValueKind.Object } actor)
        {
            return;
        }

        writer.WriteStartObject("authDetails");
        var realm = Text(actor, "realmId");
        writer.WriteString("realmId", realm == Text(root, "realmName") ? Text(root, "realmId") : realm);
        Copy(actor, "clientId", writer);
        Copy(actor, "userId", writer);
        Copy(actor, "ipAddress", writer);
        writer.WriteEndObject();
    }

    // Copied unchanged: the next reader can handle strings that are not valid text.
    private static void Copy(JsonElement from, string name, Utf8JsonWriter writer)
    {
        if (ElementText.Find(from, name) is { } value)
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);
        }
    }

    private static string? Text(JsonElement element, string name) =>
        ElementText.Find(element, name) is { ValueKind: JsonValueKind.String } value ? ElementText.Of(value) : null;
}
