using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;

namespace SiemForwarder.Events.Json;

/// <summary>Reads names and texts of a parsed document like <see cref="JsonText"/>: lone surrogates and invalid UTF-8 become U+FFFD.</summary>
/// <remarks>The members of <see cref="JsonElement"/> that return or compare text throw for them.</remarks>
internal static class ElementText
{
    /// <summary>The name of a member.</summary>
    public static string NameOf(JsonProperty member) => Read(JsonMarshal.GetRawUtf8PropertyName(member));

    /// <summary>The text of a string.</summary>
    public static string Of(JsonElement text) => Read(JsonMarshal.GetRawUtf8Value(text)[1..^1]);

    /// <summary>Whether a string is valid text: UTF-8 without lone surrogates.</summary>
    public static bool IsText(JsonElement text)
    {
        var raw = JsonMarshal.GetRawUtf8Value(text)[1..^1];
        if (!Utf8.IsValid(raw))
        {
            return false;
        }

        // A replacement character is examined closely, because a sender may have meant that character itself.
        return raw.IndexOf((byte)'\\') < 0 || !Of(text).Contains('\uFFFD', StringComparison.Ordinal) || !HasLoneSurrogate(raw);
    }

    /// <summary>The last member with that name; null if there is none.</summary>
    public static JsonElement? Find(JsonElement element, string name)
    {
        JsonElement? found = null;
        foreach (var member in element.EnumerateObject())
        {
            if (NameOf(member) == name)
            {
                found = member.Value;
            }
        }

        return found;
    }

    private static bool HasLoneSurrogate(ReadOnlySpan<byte> raw)
    {
        var isPairOpen = false;
        for (var i = 0; i < raw.Length; i++)
        {
            var unit = '\0';
            if (raw[i] == (byte)'\\' && raw[++i] == (byte)'u')
            {
                unit = Utf8Parser.TryParse(raw.Slice(i + 1, 4), out ushort value, out _, 'x') ? (char)value : '\uFFFD';
                i += 4;
            }

            if (isPairOpen != char.IsLowSurrogate(unit))
            {
                return true;
            }

            isPairOpen = char.IsHighSurrogate(unit);
        }

        return isPairOpen;
    }

    private static string Read(ReadOnlySpan<byte> raw)
    {
        if (raw.IndexOf((byte)'\\') < 0)
        {
            return Utf8StringPool.GetString(raw);
        }

        var unescaped = new byte[raw.Length];
        return Utf8StringPool.GetString(unescaped.AsSpan(0, JsonText.Unescape(raw, unescaped)));
    }
}
