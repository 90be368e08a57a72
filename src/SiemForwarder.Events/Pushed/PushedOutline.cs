using System.Text.Json;
using SiemForwarder.Events.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Pushed;

/// <summary>What tells one pushed event from another: its shape, type, id and time; read without making anything of the rest.</summary>
public sealed record PushedOutline
{
    private const string UserPrefix = "access.";
    private const string AdminPrefix = "admin.";

    private string? nativeType;
    private string? eventId;
    private long? timestamp;
    private bool hasTimestamp;
    private string? webhookType;
    private string? id;
    private long? time;
    private bool hasWebhookTime;
    private string? operation;
    private string? resourceType;
    private bool hasRealmId;

    private PushedOutline()
    {
    }

    public PushedShape Shape { get; private set; }

    /// <summary>Name of the type as it will be shown; null where the event does not say what it is.</summary>
    public string? Type { get; private set; }

    /// <summary>Event id as sent; null where there is none.</summary>
    public string? Id { get; private set; }

    /// <summary>Time as epoch milliseconds; null where there is none or it cannot be read.</summary>
    public long? TimeMs { get; private set; }

    /// <summary>True where the event has a time, readable or not.</summary>
    public bool HasTime { get; private set; }

    /// <summary>Name of the realm, where a webhook plug-in tells it.</summary>
    public string? RealmName { get; private set; }

    /// <summary>How many members it has: its own, and those of <c>context</c> and <c>details</c>.</summary>
    public int Members { get; private set; }

    /// <summary>Reads the members of one JSON object that matter.</summary>
    /// <exception cref="JsonException">The bytes are not one JSON object, or nest deeper than 64 levels.</exception>
    public static PushedOutline Read(ReadOnlySpan<byte> json)
    {
        var outline = new PushedOutline();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = PushedEventLimits.MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("An event must be a JSON object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonText.ReadString(ref reader);
            reader.Read();
            outline.Members++;
            outline.Take(name, ref reader, json);
        }

        if (reader.Read())
        {
            throw new JsonException("Something follows the event.");
        }

        outline.Decide();
        return outline;
    }

    private void Take(string name, ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        switch (name)
        {
            case "event_type": nativeType = JsonText.ReadText(ref reader, json); break;
            case "event_id": eventId = JsonText.ReadText(ref reader, json); break;
            case "timestamp" when reader.TokenType != JsonTokenType.Null: (timestamp, hasTimestamp) = (PushedTime.Read(ref reader), true); break;
            case "type": webhookType = JsonText.ReadText(ref reader, json); break;
            case "id": id = JsonText.ReadText(ref reader, json); break;
            case "time" when reader.TokenType != JsonTokenType.Null: (time, hasWebhookTime) = (JsonText.ReadInteger(ref reader), true); break;
            case "realmName": RealmName = JsonText.ReadText(ref reader, json); break;
            case "realmId": hasRealmId = reader.TokenType == JsonTokenType.String; break;
            case "operationType": operation = JsonText.ReadText(ref reader, json); break;
            case "resourceType": resourceType = JsonText.ReadText(ref reader, json); break;
            case "context" or "details" when reader.TokenType == JsonTokenType.StartObject: CountMembers(ref reader); break;
            default: reader.Skip(); break;
        }
    }

    private void CountMembers(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            Members++;
            reader.Read();
            reader.Skip();
        }
    }

    private void Decide()
    {
        if (!string.IsNullOrEmpty(nativeType))
        {
            (Shape, Type, Id, TimeMs, HasTime, RealmName) = (PushedShape.Native, nativeType, eventId, timestamp, hasTimestamp, null);
            return;
        }

        (Id, TimeMs, HasTime) = (id, time, hasWebhookTime);
        Shape = ShapeOf(webhookType, operation, hasRealmId);
        var split = Shape == PushedShape.AdminWebhook ? SplitAdminType(webhookType) : null;
        Type = Shape switch
        {
            PushedShape.UserWebhook => WithoutUserPrefix(webhookType),
            PushedShape.AdminWebhook => $"{operation ?? split?.Operation}-{resourceType ?? split?.ResourceType}",
            _ => webhookType,
        };
        Type = string.IsNullOrEmpty(Type) || Type == "-" ? null : Type;
    }

    /// <summary>The shape of an event that was read as one of a webhook.</summary>
    internal static PushedShape ShapeOf(in KeycloakEvent read) =>
        !string.IsNullOrEmpty(read.NativeType) ? PushedShape.Native : ShapeOf(read.Type, read.Operation, read.IsRealmIdText);

    private static PushedShape ShapeOf(string? type, string? operation, bool hasRealmId) =>
        type?.StartsWith(UserPrefix, StringComparison.Ordinal) == true ? PushedShape.UserWebhook
        : operation is not null || type?.StartsWith(AdminPrefix, StringComparison.Ordinal) == true || SplitAdminType(type) is not null
            ? PushedShape.AdminWebhook
        : type is not null && (KeycloakEventCatalog.FindUser(type) is not null || (hasRealmId && IsKeycloakName(type))) ? PushedShape.UserWebhook
        : PushedShape.ApplicationWebhook;

    /// <summary>Takes <c>admin.USER-CREATE</c> or <c>USER-CREATE</c> apart: plug-ins put the resource first; null for other names.</summary>
    internal static (string ResourceType, string Operation)? SplitAdminType(string? type)
    {
        var name = type?.StartsWith(AdminPrefix, StringComparison.Ordinal) == true ? type[AdminPrefix.Length..] : type;
        var dash = name?.LastIndexOf('-') ?? -1;
        return dash > 0 && name![(dash + 1)..] is "CREATE" or "UPDATE" or "DELETE" or "ACTION" ? (name[..dash], name[(dash + 1)..]) : null;
    }

    /// <summary>The type of a login event without the prefix that a plug-in gave it.</summary>
    internal static string? WithoutUserPrefix(string? type) =>
        type?.StartsWith(UserPrefix, StringComparison.Ordinal) == true ? type[UserPrefix.Length..] : type;

    private static bool IsKeycloakName(string type) =>
        type.All(character => char.IsAsciiLetterUpper(character) || char.IsAsciiDigit(character) || character == '_');
}
