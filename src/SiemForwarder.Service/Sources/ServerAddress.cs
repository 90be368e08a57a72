namespace SiemForwarder.Service.Sources;

/// <summary>Normalizes the URL of a server, so that different spellings compare equal.</summary>
internal static class ServerAddress
{
    private const string OldRoot = "/auth";

    /// <summary>Host in lower case, explicit port, path without <c>/auth</c>; the scheme does not distinguish servers.</summary>
    public static string Of(string baseUrl)
    {
        if (!Uri.TryCreate(baseUrl, UriKind.Absolute, out var url))
        {
            return baseUrl;
        }

        var path = url.AbsolutePath.TrimEnd('/');
        path = path.EndsWith(OldRoot, StringComparison.Ordinal) ? path[..^OldRoot.Length] : path;
        var port = url.IsDefaultPort ? "" : $":{url.Port}";
        return $"{url.IdnHost.TrimEnd('.').ToLowerInvariant()}{port}{path}";
    }
}
