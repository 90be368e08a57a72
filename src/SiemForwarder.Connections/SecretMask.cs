using System.Net;
using System.Text;
using System.Text.Json;

namespace SiemForwarder.Connections;

/// <summary>Masks secrets in any text, in whatever form a server may echo them.</summary>
public sealed class SecretMask
{
    private const string Hidden = "***";

    // Shorter parts of Base64 also occur in texts without secrets.
    private const int MinPartLength = 8;

    private string[] forms;
    private string[] parts;

    /// <param name="secrets">Secrets to hide; empty ones are ignored.</param>
    public SecretMask(IEnumerable<string?> secrets)
    {
        ArgumentNullException.ThrowIfNull(secrets);
        secrets = [.. secrets];
        var all = new HashSet<string>(StringComparer.Ordinal);
        foreach (var secret in secrets)
        {
            Add(all, secret);
        }

        // Longest first: one secret may contain another.
        forms = [.. all.OrderByDescending(form => form.Length)];
        parts = [.. secrets.SelectMany(PartsOfBase64).Distinct()];
    }

    /// <summary>Also hides another secret, such as a temporary token.</summary>
    public void Hide(Secret secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        var all = new HashSet<string>(forms, StringComparer.Ordinal);
        Add(all, secret.Reveal());
        forms = [.. all.OrderByDescending(form => form.Length)];
        parts = [.. parts.Concat(PartsOfBase64(secret.Reveal())).Distinct()];
    }

    /// <summary>The text with the secrets masked.</summary>
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

    // The Base64 of a secret that follows something else, such as a user name: whole groups of three bytes, at each of three offsets.
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
