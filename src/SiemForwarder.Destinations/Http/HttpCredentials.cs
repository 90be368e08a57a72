using System.Net.Http.Headers;
using System.Text;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http;

/// <summary>Turns the authentication settings into the header that every request carries.</summary>
/// <param name="Name">Name of the header; empty where there is none.</param>
/// <param name="Value">Its value.</param>
internal sealed record HttpCredentials(string Name, Secret Value)
{
    /// <summary>The header, or a fault that names the setting that is missing or wrong.</summary>
    public static Result<HttpCredentials> Create(AuthenticationSettings settings) => settings.Type switch
    {
        AuthenticationType.None => new HttpCredentials("", new Secret("")),
        AuthenticationType.Basic => Basic(settings.Username ?? "", Plain(settings.Password, keepsBlanks: true)),
        AuthenticationType.Bearer => Plain(settings.Token) is { Length: > 0 } token && IsLine(token)
            ? new HttpCredentials("Authorization", new Secret($"Bearer {token}"))
            : Wrong("authentication.token is missing or holds a line break."),
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
        ? Wrong("authentication.username holds a colon, which basic authentication cannot carry.")
        : new HttpCredentials("Authorization", new Secret("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{password}"))));

    private static Result<HttpCredentials> Header(Secret? line)
    {
        if (line is null || !HeaderLine.TryParse(line, out var name, out var value))
        {
            return Wrong("authentication.header is not a line of the form 'Name: value'.");
        }

        return ReservedHeaders.Contains(name)
            ? Wrong($"authentication.header may not be {name}: the forwarder sets it itself.")
            : new HttpCredentials(name, value);
    }

    // What was stored before line ends were taken off counts as well.
    private static string Plain(Secret? secret, bool keepsBlanks = false) => SecretText.Of(secret?.Reveal(), keepsBlanks: keepsBlanks)?.Reveal() ?? "";

    private static bool IsLine(string text) => !text.Any(char.IsControl);

    private static Fault Wrong(string what) => new(ErrorCategory.Configuration, what, "Correct it in the integration.", NeedsChange: true);
}

/// <summary>Finds secrets in the query of a server URL, which everybody may read, where a field exists that keeps them.</summary>
internal static class QuerySecret
{
    /// <param name="url">As an administrator wrote it.</param>
    /// <param name="fields">Names of query parameters that are secrets, in any case, and the field that each belongs in.</param>
    /// <returns>What to do instead; null where there is none.</returns>
    public static string? Find(Uri url, params (string Parameter, string Field)[] fields)
    {
        foreach (var part in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = Uri.UnescapeDataString(part.Split('=')[0].Replace('+', ' ')).Trim();
            foreach (var (parameter, field) in fields)
            {
                if (string.Equals(name, parameter, StringComparison.OrdinalIgnoreCase))
                {
                    return $"Must not hold the secret ?{parameter}=, since the server URL is shown: remove it and put it into {field}, which never is.";
                }
            }
        }

        return null;
    }
}
