using System.Text.Json;
using SiemForwarder.Events.Json;

namespace SiemForwarder.Events.Keycloak;

/// <summary>What the representation of an admin event tells beyond operation, type and path.</summary>
internal struct RepresentationFacts
{
    private const int MaxNamesLength = 1000;

    public string? UserName;
    public string? ClientId;
    public string? Alias;

    /// <summary>The <c>name</c> of an object, or the names of the roles of an array.</summary>
    public string? Name;

    public string? Email;

    /// <summary>The value of <c>enabled</c>, or null.</summary>
    public bool? Enabled;

    /// <summary>True where an object names more than who is meant and whether the account is enabled.</summary>
    public bool HoldsMore;

    /// <summary>True where recording of events is switched off, or an update that is not the whole realm names the event settings.</summary>
    public readonly bool ChangesEventSettings => switchesEventsOff || (namesEventSettings && !isWholeRealm);

    /// <summary>True where a role that lets its owner administer a realm is among the roles.</summary>
    public bool HoldsAdminRole;

    /// <summary>What the resource is called.</summary>
    public readonly string? ResourceName => UserName ?? ClientId ?? Alias ?? Name;

    private bool switchesEventsOff;
    private bool namesEventSettings;
    private bool isWholeRealm;

    /// <summary>Reads the facts that JSON holds; of a text that is no JSON, those before the error.</summary>
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
                facts.ReadRoles(ref reader);
            }
        }
        catch (JsonException)
        {
            facts.HoldsMore = true;
        }

        return facts;
    }

    private void ReadObject(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonText.ReadString(ref reader);
            reader.Read();
            switch (name)
            {
                case "id":
                    break;
                case "username" when reader.TokenType == JsonTokenType.String:
                    UserName = JsonText.ReadString(ref reader);
                    break;
                case "email" when reader.TokenType == JsonTokenType.String:
                    Email = JsonText.ReadString(ref reader);
                    HoldsMore = true;
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
                case "eventsEnabled" or "adminEventsEnabled" or "eventsListeners":
                    namesEventSettings = true;
                    switchesEventsOff |= reader.TokenType == JsonTokenType.False;
                    break;
                case "accessTokenLifespan":
                    isWholeRealm = true;
                    break;
                default:
                    HoldsMore = true;
                    break;
            }

            reader.Skip();
        }
    }

    private void ReadRoles(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            string? role = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isName = reader.ValueSpan.SequenceEqual("name"u8);
                reader.Read();
                role = isName && reader.TokenType == JsonTokenType.String ? JsonText.ReadString(ref reader) : role;
                reader.Skip();
            }

            if (role is not null)
            {
                HoldsAdminRole |= AdminRoles.Contains(role);
                Name = Name is null ? role : Name.Length < MaxNamesLength ? $"{Name}, {role}" : Name;
            }
        }
    }
}
