using System.Net;
using System.Text;
using System.Text.Json;

namespace SiemForwarder.Connections;

/// <summary>Hides secrets in any text, however a server may echo them.</summary>
public sealed class SecretMask
{
    private const string Hidden = "***";

    private string[] forms;

    /// <param name="secrets">What is hidden; empty ones are passed over.</param>
    public SecretMask(IEnumerable<string?> secrets)
    {
        ArgumentNullException.ThrowIfNull(secrets);
        var all = new HashSet<string>(StringComparer.Ordinal);
        foreach (var secret in secrets)
        {
            Add(all, secret);
        }

        // The longest first: one secret may hold another.
        forms = [.. all.OrderByDescending(form => form.Length)];
    }

    /// <summary>Hides one more secret: a token that was given for a while.</summary>
    public void Hide(Secret secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        var all = new HashSet<string>(forms, StringComparer.Ordinal);
        Add(all, secret.Reveal());
        forms = [.. all.OrderByDescending(form => form.Length)];
    }

    /// <summary>The text without the secrets.</summary>
    public string Mask(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
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
}
