using System.Net;
using System.Text;
using System.Text.Json;

namespace SiemForwarder.Connections;

/// <summary>Hides secrets in any text, however a server may echo them.</summary>
public sealed class SecretMask
{
    private const string Hidden = "***";

    // Shorter parts of Base64 stand in texts that hold no secret.
    private const int MinPartLength = 8;

    private string[] forms;
    private string[] parts;

    /// <param name="secrets">What is hidden; empty ones are passed over.</param>
    public SecretMask(IEnumerable<string?> secrets)
    {
        ArgumentNullException.ThrowIfNull(secrets);
        secrets = [.. secrets];
        var all = new HashSet<string>(StringComparer.Ordinal);
        foreach (var secret in secrets)
        {
            Add(all, secret);
        }

        // The longest first: one secret may hold another.
        forms = [.. all.OrderByDescending(form => form.Length)];
        parts = [.. secrets.SelectMany(PartsOfBase64).Distinct()];
    }

    /// <summary>Hides one more secret: a token that was given for a while.</summary>
    public void Hide(Secret secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        var all = new HashSet<string>(forms, StringComparer.Ordinal);
        Add(all, secret.Reveal());
        forms = [.. all.OrderByDescending(form => form.Length)];
        parts = [.. parts.Concat(PartsOfBase64(secret.Reveal())).Distinct()];
    }

    /// <summary>The text without the secrets.</summary>
    public string Mask(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (var part in parts)
        {
            while (text.IndexOf(part, StringComparison.Ordinal) is >= 0 and var at)
            {
                var (start, end) = (at, at + part.Length);
                while (start > 0 && IsBase64(text[start - 1]))
                {
                    start--;
                }

                while (end < text.Length && IsBase64(text[end]))
                {
                    end++;
                }

                text = string.Concat(text.AsSpan(0, start), Hidden, text.AsSpan(end));
            }
        }

        foreach (var form in forms)
        {
            text = text.Replace(form, Hidden, StringComparison.OrdinalIgnoreCase);
        }

        return text;
    }

    /// <inheritdoc cref="Mask(string)"/>
    public byte[] Mask(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetBytes(Mask(Encoding.UTF8.GetString(utf8)));

    private static void Add(HashSet<string> all, string? secret)
    {
        if (string.IsNullOrWhiteSpace(secret))
        {
            return;
        }

        all.Add(secret);
        all.Add(Uri.EscapeDataString(secret));
        all.Add(WebUtility.UrlEncode(secret));
        all.Add(WebUtility.HtmlEncode(secret));
        all.Add(JsonEncodedText.Encode(secret).ToString());
        all.Add(Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)));
    }

    // What Base64 has of a secret that stands behind something else, such as a user name: whole groups of three bytes, from each of three places.
    private static IEnumerable<string> PartsOfBase64(string? secret)
    {
        var bytes = Encoding.UTF8.GetBytes(secret ?? "");
        for (var skipped = 0; skipped < 3 && bytes.Length > skipped; skipped++)
        {
            var whole = Convert.ToBase64String(bytes.AsSpan(skipped, (bytes.Length - skipped) / 3 * 3));
            if (whole.Length >= MinPartLength)
            {
                yield return whole;
                yield return whole.Replace('+', '-').Replace('/', '_');
            }
        }
    }

    private static bool IsBase64(char sign) => char.IsAsciiLetterOrDigit(sign) || sign is '+' or '/' or '=' or '-' or '_';
}
