using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SiemForwarder.Events.Privacy;

/// <summary>The values of one event that must not be seen, and what stands in for each; finds them in any text of the event.</summary>
internal sealed class ConcealedValues
{
    /// <summary>Most characters of values that are looked for inside of texts; what the other values may stand in is withheld as a whole.</summary>
    public const int MaxSearchedCharacters = 256 * 1024;

    // A shorter value is hidden where it stands alone, else half of every text would go with it.
    private const int MinAnywhereLength = 4;

    private readonly Dictionary<string, ConcealedValue> all = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<ConcealedValue> searched = [];
    private int searchedCharacters;
    private ValueSearch? search;

    /// <summary>Whether there are more values than are looked for inside of texts.</summary>
    public bool HasMore => all.Count > searched.Count;

    /// <summary>Adds a value; where it is there already, what was said first holds.</summary>
    /// <param name="value">Not empty. Case does not matter: Keycloak lowers what people type.</param>
    /// <param name="replacement">Null to leave it out.</param>
    /// <param name="standsAlone">True for what is only meant where no letter or digit is beside it: an address.</param>
    public void Add(string value, string? replacement, bool standsAlone)
    {
        AddForm(value, replacement, standsAlone);
        // As it stands in a path, and in JSON inside of a text.
        AddForm(Uri.EscapeDataString(value), replacement, standsAlone);
        AddForm(JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString(), replacement, standsAlone);
        AddForm(JsonEncodedText.Encode(value).ToString(), replacement, standsAlone);
    }

    /// <summary>The text with every value replaced; null where it was nothing but a value to be left out, <see cref="PrivacyPolicy.Withheld"/> where
    /// there are too many values to look for.</summary>
    public string? Conceal(string? text) =>
        HasMore && !string.IsNullOrEmpty(text) && !all.ContainsKey(text) ? PrivacyPolicy.Withheld : ConcealIdentity(text);

    /// <summary>An id or the name of a party, which is shown where there are too many values to look for too: nobody hides who acted by naming
    /// thousands.</summary>
    public string? ConcealIdentity(string? text) => string.IsNullOrEmpty(text) ? text
        : all.TryGetValue(text, out var whole) ? whole.Replacement
        : Scan(text, onlyAlone: false);

    /// <summary>A name of a detail or member: only what stands alone in it is replaced, since names are the source's words.</summary>
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
