namespace SiemForwarder.Destinations.Http;

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
