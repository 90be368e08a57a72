using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using SiemForwarder.Events;

namespace SiemForwarder.Reliability.Oracle;

/// <summary>Writes events in the shape of Keycloak's, names that attackers type included; the same seed gives the same events.</summary>
internal sealed class EventMint(int seed)
{
    private const string Realm = "3f6c1f2e-5b0e-4d6b-9a0e-2f6f4b1c7d10";

    private static readonly string[] Types = ["LOGIN", "CODE_TO_TOKEN", "LOGOUT", "REFRESH_TOKEN"];

    private static readonly string[] Names =
    [
        "zoë", "o'brien", "a\"b", "back\\slash", "pipe|equals=", "line\nfeed", "carriage\r\nreturn", "tab\there", "]bracket",
        "<134>1 - forged", "иван", "a=b c=d",
    ];

    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Random random = new(seed);
    private int count;

    /// <summary>The next event of the mix: about one in fifty is an admin event, one in ten a failure.</summary>
    public IssuedEvent Next(long timeMs, DateTimeOffset at, EventStream? stream = null)
    {
        count++;
        var id = NextId();
        var isAdmin = stream == EventStream.Admin || (stream is null && random.Next(50) == 0);
        var json = isAdmin ? Admin(id, timeMs, hasRepresentation: true) : User(id, timeMs);
        return new IssuedEvent(
            id, isAdmin ? EventStream.Admin : EventStream.User, timeMs, json, isAdmin ? Admin(id, timeMs, hasRepresentation: false) : json,
            at);
    }

    private byte[] User(string id, long timeMs)
    {
        var error = random.Next(10) == 0 ? "invalid_user_credentials" : null;
        var type = error is null ? Types[random.Next(Types.Length)] : "LOGIN_ERROR";
        var name = random.Next(8) == 0 ? $"{Names[random.Next(Names.Length)]} {count}" : $"user-{count}";
        var address = $"203.0.113.{random.Next(1, 255)}";
        return Write(json =>
        {
            json.WriteString("id", id);
            json.WriteNumber("time", timeMs);
            json.WriteString("type", type);
            json.WriteString("realmId", Realm);
            json.WriteString("clientId", "web-app");
            json.WriteString("userId", "6a1b2c3d-0001-4000-8000-00000000a11c");
            json.WriteString("ipAddress", address);
            if (error is not null)
            {
                json.WriteString("error", error);
            }

            json.WriteStartObject("details");
            json.WriteString("auth_method", "openid-connect");
            json.WriteString("redirect_uri", "https://apps.example.com/callback?a=1&b=2");
            json.WriteString("code_id", id);
            json.WriteString("username", name);
            json.WriteEndObject();
        });
    }

    private static byte[] Admin(string id, long timeMs, bool hasRepresentation) => Write(json =>
    {
        json.WriteString("id", id);
        json.WriteNumber("time", timeMs);
        json.WriteString("realmId", Realm);
        json.WriteStartObject("authDetails");
        json.WriteString("realmId", Realm);
        json.WriteString("clientId", "fc408b90-6e28-4ba7-8338-0bad4e075850");
        json.WriteString("userId", "6a1b2c3d-0001-4000-8000-00000000a11c");
        json.WriteString("ipAddress", "198.51.100.7");
        json.WriteEndObject();
        json.WriteString("operationType", "UPDATE");
        json.WriteString("resourceType", "USER");
        json.WriteString("resourcePath", $"users/{id}");
        if (hasRepresentation)
        {
            json.WriteString("representation", """{"username":"alice","enabled":true}""");
        }
    });

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        using var output = new MemoryStream();
        using (var json = new Utf8JsonWriter(output, Compact))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return output.ToArray();
    }

    private string NextId()
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        bytes[7] = (byte)((bytes[7] & 0x0f) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes).ToString("D");
    }

    /// <summary>
    /// The id that an event carries inside, whether or not the server shows it as such; null where it is not one of ours.
    /// </summary>
    public static string? FindId(ReadOnlySpan<byte> json)
    {
        foreach (var mark in (ReadOnlySpan<string>)["{\"id\":\"", "\"code_id\":\"", "\"resourcePath\":\"users/"])
        {
            var at = json.IndexOf(Encoding.UTF8.GetBytes(mark));
            if (at >= 0 && json.Length >= at + mark.Length + 36)
            {
                return Encoding.UTF8.GetString(json.Slice(at + mark.Length, 36));
            }
        }

        return null;
    }
}
