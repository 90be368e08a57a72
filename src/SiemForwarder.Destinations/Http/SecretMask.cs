using System.Net;
using System.Text;
using System.Text.Json;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http;

/// <summary>Hides the secrets of one destination in any text, however a receiver may echo them.</summary>
internal sealed class SecretMask
{
    private const string Hidden = "***";

    private string[] forms;

    /// <param name="settings">Whose credentials are hidden.</param>
    /// <param name="others">Secrets that only this destination has.</param>
    public SecretMask(DestinationSettings settings, IReadOnlyList<Secret> others)
    {
        var all = new HashSet<string>(StringComparer.Ordinal);
        var authentication = settings.Authentication;
        Add(all, authentication.Password?.Reveal());
        Add(all, authentication.Token?.Reveal());
        Add(all, settings.Tls.ClientKey?.Reveal());
        if (authentication.Header?.Reveal() is { } line)
        {
            Add(all, line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
        }

        foreach (var other in others)
        {
            Add(all, other.Reveal());
        }

        if (settings.ServerUrl.UserInfo is { Length: > 0 } userInfo)
        {
            Add(all, userInfo);
            Add(all, Uri.UnescapeDataString(userInfo[(userInfo.IndexOf(':', StringComparison.Ordinal) + 1)..]));
        }

        if (authentication is { Type: AuthenticationType.Basic, Password: { } password })
        {
            Add(all, Convert.ToBase64String(Encoding.UTF8.GetBytes($"{authentication.Username}:{password.Reveal()}")));
        }

        // The longest first: one secret may hold another.
        forms = [.. all.OrderByDescending(form => form.Length)];
    }

    /// <summary>Hides one more secret: a token that was given for a while.</summary>
    public void Hide(Secret secret)
    {
        var all = new HashSet<string>(forms, StringComparer.Ordinal);
        Add(all, secret.Reveal());
        forms = [.. all.OrderByDescending(form => form.Length)];
    }

    public string Mask(string text)
    {
        foreach (var form in forms)
        {
            text = text.Replace(form, Hidden, StringComparison.OrdinalIgnoreCase);
        }

        return text;
    }

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
