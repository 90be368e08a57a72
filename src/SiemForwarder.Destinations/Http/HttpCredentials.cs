using System.Net.Http.Headers;
using System.Text;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http;

/// <summary>Builds the header with the credentials for every request from the authentication settings.</summary>
/// <param name="Name">Name of the header; empty if there is none.</param>
/// <param name="Value">Its value.</param>
internal sealed record HttpCredentials(string Name, Secret Value)
{
    /// <summary>The header, or a fault that names the missing or invalid setting.</summary>
    public static Result<HttpCredentials> Create(AuthenticationSettings settings) => settings.Type switch
    {
        AuthenticationType.None => new HttpCredentials("", new Secret("")),
        AuthenticationType.Basic => Basic(settings.Username ?? "", Plain(settings.Password, keepsBlanks: true)),
        AuthenticationType.Bearer => Plain(settings.Token) is { Length: > 0 } token && IsLine(token)
            ? new HttpCredentials("Authorization", new Secret($"Bearer {token}"))
            : Wrong("authentication.token is missing or contains a line break."),
        _ => Header(SecretText.Of(settings.Header?.Reveal())),
    };

    public void ApplyTo(HttpRequestHeaders headers)
    {
        if (Name.Length > 0)
        {
            headers.TryAddWithoutValidation(Name, Value.Reveal());
        }
    }

    // RFC 7617 section 2: the user name ends at the first colon.
    private static Result<HttpCredentials> Basic(string username, string password) => username.Contains(':', StringComparison.Ordinal)
        ? Wrong("authentication.username contains a colon, which basic authentication does not allow.")
        : new HttpCredentials("Authorization", new Secret("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{password}"))));

    private static Result<HttpCredentials> Header(Secret? line)
    {
        if (line is null || !HeaderLine.TryParse(line, out var name, out var value))
        {
            return Wrong("authentication.header is not a line of the form 'Name: value'.");
        }

        return ReservedHeaders.Contains(name)
            ? Wrong($"authentication.header must not be {name}, which the forwarder sets itself.")
            : new HttpCredentials(name, value);
    }

    // Secrets stored before line ends were trimmed are also accepted.
    private static string Plain(Secret? secret, bool keepsBlanks = false) => SecretText.Of(secret?.Reveal(), keepsBlanks: keepsBlanks)?.Reveal() ?? "";

    private static bool IsLine(string text) => !text.Any(char.IsControl);

    private static Fault Wrong(string what) => new(ErrorCategory.Configuration, what, "Correct it in the integration.", NeedsChange: true);
}

/// <summary>Finds secrets in the query of a server URL, which anyone may read, if a dedicated secret field exists for them.</summary>
internal static class QuerySecret
{
    /// <param name="url">As entered by an administrator.</param>
    /// <param name="fields">Names of secret query parameters, in any case, each with the field it belongs in.</param>
    /// <returns>What to do instead; null if there is no secret.</returns>
    public static string? Find(Uri url, params (string Parameter, string Field)[] fields)
    {
        foreach (var part in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = Uri.UnescapeDataString(part.Split('=')[0].Replace('+', ' ')).Trim();
            foreach (var (parameter, field) in fields)
            {
                if (string.Equals(name, parameter, StringComparison.OrdinalIgnoreCase))
                {
                    return $"Must not contain the secret ?{parameter}=, because the server URL is displayed: move it to {field}, which never is.";
                }
            }
        }

        return null;
    }
}
