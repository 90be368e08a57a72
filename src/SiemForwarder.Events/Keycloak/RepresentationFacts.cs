using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Keycloak;

/// <summary>What the representation of an admin event reveals beyond operation, type and path.</summary>
internal struct RepresentationFacts
{
    private const int MaxNamesLength = 1000;
    private const int MaxAttributes = 8;

    public string? Id;
    public string? UserName;
    public string? ClientId;
    public string? Alias;

    /// <summary>The <c>name</c> of an object, or the role names in an array.</summary>
    public string? Name;

    /// <summary>The role ids in an array, in the order of <see cref="Name"/>.</summary>
    public string? RoleIds;

    /// <summary>The text of a single-element array: the disabled credential type.</summary>
    public string? OnlyText;

    public string? Email;

    /// <summary>The member names of an object, separated by commas; null if it has more than a few, as a complete object does.</summary>
    public readonly string? Attributes => memberCount is > 0 and <= MaxAttributes ? attributes : null;

    /// <summary>The value of <c>enabled</c>, or null.</summary>
    public bool? Enabled;

    /// <summary>Whether an update can only be about <c>enabled</c> because it contains nothing else. Keycloak stores what the caller sent, not
    /// the difference, and consoles send the complete object, in which <c>enabled</c> is the account's state and not a change.</summary>
    public readonly bool IsOnlyEnabled => Enabled is not null && !holdsMore && !namesEventSettings;

    /// <summary>Whether an update can only be about the realm's event settings because it contains nothing else.</summary>
    public readonly bool IsOnlyEventSettings => namesEventSettings && !holdsMore && Enabled is null;

    /// <summary>True if the roles include one that allows its holder to administer a realm.</summary>
    public bool HoldsAdminRole;

    /// <summary>Name of the resource.</summary>
    public readonly string? ResourceName => UserName ?? ClientId ?? Alias ?? Name;

    private bool namesEventSettings;
    private bool holdsMore;
    private string? attributes;
    private int memberCount;

    /// <summary>Reads the facts in JSON; if the text is not valid JSON, those before the error.</summary>
    public static RepresentationFacts Read(ReadOnlySpan<byte> json)
    {
        var facts = default(RepresentationFacts);
        var reader = new Utf8JsonReader(json, JsonText.ReaderOptions);
        try
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                facts.ReadObject(ref reader);
            }
            else if (reader.TokenType == JsonTokenType.StartArray)
            {
                facts.ReadArray(ref reader);
            }
        }
        catch (JsonException)
        {
            facts.holdsMore = true;
        }

        return facts;
    }

    private void ReadObject(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonText.ReadString(ref reader);
            reader.Read();
            attributes = ++memberCount == 1 ? name : memberCount <= MaxAttributes ? $"{attributes},{name}" : null;
            switch (name)
            {
                case "id":
                    Id = reader.TokenType == JsonTokenType.String ? JsonText.ReadString(ref reader) : null;
                    break;
                case "realm":
                    break;
                case "username" when reader.TokenType == JsonTokenType.String:
                    UserName = JsonText.ReadString(ref reader);
                    break;
                case "email" when reader.TokenType == JsonTokenType.String:
                    Email = JsonText.ReadString(ref reader);
                    holdsMore = true;
                    break;
                case "clientId" when reader.TokenType == JsonTokenType.String:
                    ClientId = JsonText.ReadString(ref reader);
                    break;
                case "alias" when reader.TokenType == JsonTokenType.String:
                    Alias = JsonText.ReadString(ref reader);
                    break;
                case "name" when reader.TokenType == JsonTokenType.String:
                    Name = JsonText.ReadString(ref reader);
                    break;
                case "enabled":
                    Enabled = reader.TokenType switch { JsonTokenType.True => true, JsonTokenType.False => false, _ => null };
                    break;
                case "eventsEnabled" or "eventsExpiration" or "eventsListeners" or "enabledEventTypes" or "adminEventsEnabled"
                    or "adminEventsDetailsEnabled":
                    namesEventSettings = true;
                    break;
                default:
                    holdsMore = true;
                    break;
            }

            reader.Skip();
        }
    }

    private void ReadArray(ref Utf8JsonReader reader)
    {
        var texts = 0;
        while (reader.Read() && reader.TokenType is JsonTokenType.StartObject or JsonTokenType.String)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                OnlyText = texts++ == 0 ? JsonText.ReadString(ref reader) : null;
                continue;
            }

            ReadRole(ref reader);
        }
    }

    private void ReadRole(ref Utf8JsonReader reader)
    {
        string? role = null;
        string? id = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isName = reader.ValueSpan.SequenceEqual("name"u8);
            var isId = reader.ValueSpan.SequenceEqual("id"u8);
            reader.Read();
            role = isName && reader.TokenType == JsonTokenType.String ? JsonText.ReadString(ref reader) : role;
            id = isId && reader.TokenType == JsonTokenType.String ? JsonText.ReadString(ref reader) : id;
            reader.Skip();
        }

        if (role is not null)
        {
            HoldsAdminRole |= AdminRoles.Contains(role);
            Name = Join(Name, role);
            RoleIds = Join(RoleIds, id);
        }
    }

    private static string? Join(string? texts, string? text) =>
        texts is null || text is null ? texts ?? text : texts.Length < MaxNamesLength ? $"{texts}, {text}" : texts;
}
