using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace SiemForwarder.Events.Json;

/// <summary>Texts of a parsed document as <see cref="JsonText"/> reads them: what the framework's own readers throw for becomes U+FFFD.</summary>
internal static class ElementText
{
    /// <summary>The text of an element that is a string.</summary>
    public static string Of(JsonElement element) => Encoding.UTF8.GetString(EscapedText.Unescape(JsonMarshal.GetRawUtf8Value(element)[1..^1]));

    /// <summary>The name of a member.</summary>
    public static string NameOf(JsonProperty member) => Encoding.UTF8.GetString(EscapedText.Unescape(JsonMarshal.GetRawUtf8PropertyName(member)));
}
