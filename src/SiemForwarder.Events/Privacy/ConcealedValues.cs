using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SiemForwarder.Events.Privacy;

/// <summary>The values in one event that must not be visible, and the replacement for each; finds them in any text of the event.</summary>
internal sealed class ConcealedValues
{
    /// <summary>Maximum characters of values searched for within texts; if there are more, texts that may contain them are withheld entirely.</summary>
    public const int MaxSearchedCharacters = 256 * 1024;

    // A shorter value is concealed only where it stands alone; otherwise half of every text would disappear.
    private const int MinAnywhereLength = 4;

    private readonly Dictionary<string, ConcealedValue> all = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<ConcealedValue> searched = [];
    private int searchedCharacters;
    private ValueSearch? search;

    /// <summary>Whether there are more values than are searched for within texts.</summary>
    public bool HasMore => all.Count > searched.Count;

    /// <summary>Adds a value; if it already exists, the first replacement is kept.</summary>
    /// <param name="value">Not empty. Case-insensitive: Keycloak converts what people type to lower case.</param>
    /// <param name="replacement">Null to omit it.</param>
    /// <param name="standsAlone">True if it counts only without a letter or digit next to it: an address.</param>
    public void Add(string value, string? replacement, bool standsAlone)
    {
        AddForm(value, replacement, standsAlone);
        // As it appears in a path, and in JSON within a text.
        AddForm(Uri.EscapeDataString(value), replacement, standsAlone);
        AddForm(JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString(), replacement, standsAlone);
        AddForm(JsonEncodedText.Encode(value).ToString(), replacement, standsAlone);
    }

    /// <summary>The text with every value replaced; null if it was only a value to be omitted, <see cref="PrivacyPolicy.Withheld"/> if
    /// there are too many values to search for.</summary>
    public string? Conceal(string? text) =>
        HasMore && !string.IsNullOrEmpty(text) && !all.ContainsKey(text) ? PrivacyPolicy.Withheld : ConcealIdentity(text);

    /// <summary>An id or the name of a party, which remains visible even if there are too many values to search for: nobody can hide who acted by
    /// naming thousands.</summary>
    public string? ConcealIdentity(string? text) => string.IsNullOrEmpty(text) ? text
        : all.TryGetValue(text, out var whole) ? whole.Replacement
        : Scan(text, onlyAlone: false);

    /// <summary>The name of a detail or member: only values that stand alone in it are replaced, because names come from the source.</summary>
    public string ConcealName(string name) => Scan(name, onlyAlone: true);

    private string Scan(string text, bool onlyAlone)
    {
        if (searched.Count == 0 || (search ??= new ValueSearch(searched)).Find(text, onlyAlone) is not { } found)
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length;)
        {
            if (found[at] is > 0 and var number)
            {
                result.Append(searched[number - 1].Replacement ?? PrivacyPolicy.Mask);
                at += searched[number - 1].Value.Length;
            }
            else
            {
                result.Append(text[at++]);
            }
        }

        return result.ToString();
    }

    private void AddForm(string form, string? replacement, bool standsAlone)
    {
        var one = new ConcealedValue(form, replacement, standsAlone || form.Length < MinAnywhereLength);
        if (!all.TryAdd(form, one) || searchedCharacters + form.Length > MaxSearchedCharacters)
        {
            return;
        }

        searchedCharacters += form.Length;
        searched.Add(one);
        search = null;
    }
}
