using System.Buffers;
using System.Text;
using System.Text.Json;
using SiemForwarder.Events.Json;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Events.Pushed;

/// <summary>The members that identify a pushed event: its shape, type, id and time; the rest is skipped.</summary>
public ref struct PushedOutline
{
    private const string UserPrefix = "access.";
    private const string AdminPrefix = "admin.";

    private static readonly SearchValues<char> KeycloakNameCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    private OutlineId nativeId;
    private OutlineId webhookId;
    private string? nativeType;
    private long? timestamp;
    private bool hasTimestamp;
    private string? webhookType;
    private long? time;
    private bool hasWebhookTime;
    private string? operation;
    private string? resourceType;
    private bool hasRealmId;

    public PushedShape Shape { get; private set; }

    /// <summary>Name of the type as it will be shown; null if the event has none.</summary>
    public string? Type { get; private set; }

    /// <summary>Event id as sent; null if there is none.</summary>
    public readonly string? Id => ChosenId.ToText();

    /// <summary>Length of the id in characters; 0 if there is none.</summary>
    public readonly int IdLength => ChosenId.Length;

    /// <summary>Time as epoch milliseconds; null if there is none or it cannot be read.</summary>
    public long? TimeMs { get; private set; }

    /// <summary>Whether the event has a time, readable or not.</summary>
    public bool HasTime { get; private set; }

    /// <summary>Name of the realm, if a webhook plug-in sends it.</summary>
    public string? RealmName { get; private set; }

    /// <summary>The number of members: its own, and those of <c>context</c> and <c>details</c>.</summary>
    public int Members { get; private set; }

    /// <summary>The key made of the event's id; null if it has none, or one that is not valid text.</summary>
    internal readonly EventKey? KeyOfId => ChosenId.ToKey();

    private readonly OutlineId ChosenId => Shape == PushedShape.Native ? nativeId : webhookId;

    /// <summary>Reads the relevant members of one JSON object.</summary>
    /// <exception cref="JsonException">The bytes are not one JSON object, or nest deeper than 64 levels.</exception>
    public static PushedOutline Read(ReadOnlySpan<byte> json)
    {
        var cursor = new JsonCursor(json, PushedEventLimits.MaxDepth, allowsTrailingCommas: false);
        try
        {
            cursor.ReadRoot();
            var outline = Read(ref cursor);
            return cursor.IsAtEnd() ? outline : throw new JsonException("Something follows the event.");
        }
        catch (JsonException exception)
        {
            throw JsonCursor.FindFault(json, PushedEventLimits.MaxDepth) ?? exception;
        }
    }

    /// <summary>Reads the event that a cursor stands on; it stands behind it afterwards.</summary>
    /// <exception cref="JsonException">There is no JSON object, or one that nests too deep.</exception>
    public static PushedOutline Read(scoped ref JsonCursor cursor)
    {
        if (cursor.Kind != JsonTokenType.StartObject)
        {
            throw new JsonException("An event must be a JSON object.");
        }

        var outline = new PushedOutline();
        cursor.Enter();
        while (cursor.NextMember())
        {
            outline.Members++;
            outline.Take(ref cursor);
        }

        outline.Decide();
        return outline;
    }

    private void Take(scoped ref JsonCursor cursor)
    {
        switch (KeycloakMemberNames.Find(cursor.Name))
        {
            case KeycloakMember.NativeType: nativeType = cursor.ReadText(); break;
            case KeycloakMember.NativeId: nativeId = OutlineId.Read(ref cursor); break;
            case KeycloakMember.NativeTime when cursor.Kind != JsonTokenType.Null: (timestamp, hasTimestamp) = (PushedTime.Read(ref cursor), true); break;
            case KeycloakMember.Type: webhookType = cursor.ReadText(); break;
            case KeycloakMember.Id: webhookId = OutlineId.Read(ref cursor); break;
            case KeycloakMember.Time when cursor.Kind != JsonTokenType.Null: (time, hasWebhookTime) = (cursor.ReadInteger(), true); break;
            case KeycloakMember.RealmName: RealmName = cursor.ReadText(); break;
            case KeycloakMember.RealmId: hasRealmId = cursor.Kind == JsonTokenType.String; break;
            case KeycloakMember.OperationType: operation = cursor.ReadText(); break;
            case KeycloakMember.ResourceType: resourceType = cursor.ReadText(); break;
            case KeycloakMember.Context or KeycloakMember.Details when cursor.Kind == JsonTokenType.StartObject: CountMembers(ref cursor); break;
            default: break;
        }
    }

    private void CountMembers(scoped ref JsonCursor cursor)
    {
        cursor.Enter();
        while (cursor.NextMember())
        {
            Members++;
        }
    }

    private void Decide()
    {
        if (!string.IsNullOrEmpty(nativeType))
        {
            (Shape, Type, TimeMs, HasTime, RealmName) = (PushedShape.Native, nativeType, timestamp, hasTimestamp, null);
            return;
        }

        (TimeMs, HasTime) = (time, hasWebhookTime);
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
        type?.StartsWith(UserPrefix, StringComparison.Ordinal) != true ? type
        // The name of a known type is a string already.
        : KeycloakEventCatalog.FindUser(type.AsSpan(UserPrefix.Length))?.Type ?? type[UserPrefix.Length..];

    private static bool IsKeycloakName(string type) =>
        !type.AsSpan().ContainsAnyExcept(KeycloakNameCharacters);

    /// <summary>The id of an event: its bytes if it is plain ASCII, as nearly all are, which saves a string; otherwise its text.</summary>
    private ref struct OutlineId
    {
        private ReadOnlySpan<byte> plain;
        private string? other;

        public readonly int Length => plain.IsEmpty ? other?.Length ?? 0 : plain.Length;

        public static OutlineId Read(scoped ref JsonCursor cursor) =>
            cursor is { Kind: JsonTokenType.String, IsEscaped: false, Value.IsEmpty: false } && Ascii.IsValid(cursor.Value)
                ? new OutlineId { plain = cursor.Value }
                : new OutlineId { other = cursor.ReadText() };

        public readonly string? ToText() => plain.IsEmpty ? other : Encoding.ASCII.GetString(plain);

        public readonly EventKey? ToKey() => !plain.IsEmpty ? EventKey.FromId(plain)
            // Ids that are not valid text may read alike, so such events are told apart by their content.
            : string.IsNullOrEmpty(other) || other.Contains('\uFFFD', StringComparison.Ordinal) ? null
            : EventKey.FromId(other);
    }
}
