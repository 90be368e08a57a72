using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SiemForwarder.Events.Privacy;

/// <summary>The values of one event that must not be seen, and what stands in for each; finds them in any text of the event.</summary>
internal sealed class ConcealedValues
{
    // A shorter value is hidden where it stands alone, else half of every text would go with it.
    private const int MinAnywhereLength = 4;

    private readonly List<Entry> entries = [];

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
        // The longest first: one value may hold another.
        entries.Sort(static (one, other) => other.Value.Length.CompareTo(one.Value.Length));
    }

    /// <summary>The text with every value replaced; null where it was nothing but a value to be left out.</summary>
    public string? Conceal(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return text;
        }

        foreach (var entry in entries)
        {
            if (entry.Value.Equals(text, StringComparison.OrdinalIgnoreCase))
            {
                return entry.Replacement;
            }
        }

        return Scan(text, onlyAlone: false);
    }

    /// <summary>A name of a detail or member: only what stands alone in it is replaced, since names are the source's words.</summary>
    public string ConcealName(string name) => Scan(name, onlyAlone: true);

    private string Scan(string text, bool onlyAlone)
    {
        if (!entries.Exists(entry => text.Contains(entry.Value, StringComparison.OrdinalIgnoreCase)))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length;)
        {
            if (Find(text, at, onlyAlone) is { } found)
            {
                result.Append(found.Replacement ?? PrivacyPolicy.Mask);
                at += found.Value.Length;
            }
            else
            {
                result.Append(text[at++]);
            }
        }

        return result.ToString();
    }

    private Entry? Find(string text, int at, bool onlyAlone)
    {
        foreach (var entry in entries)
        {
            if (text.AsSpan(at).StartsWith(entry.Value, StringComparison.OrdinalIgnoreCase)
                && (!(onlyAlone || entry.StandsAlone) || IsAlone(text, at, at + entry.Value.Length)))
            {
                return entry;
            }
        }

        return null;
    }

    private static bool IsAlone(string text, int start, int end) =>
        (start == 0 || !IsWord(text[start - 1])) && (end == text.Length || !IsWord(text[end]));

    private static bool IsWord(char character) => char.IsLetterOrDigit(character) || character == '_';

    private void AddForm(string form, string? replacement, bool standsAlone)
    {
        if (!entries.Exists(entry => entry.Value.Equals(form, StringComparison.OrdinalIgnoreCase)))
        {
            entries.Add(new Entry(form, replacement, standsAlone || form.Length < MinAnywhereLength));
        }
    }

    private sealed record Entry(string Value, string? Replacement, bool StandsAlone);
}
