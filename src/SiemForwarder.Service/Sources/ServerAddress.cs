namespace SiemForwarder.Service.Sources;

/// <summary>Writes the URL of a server in one way, so that two spellings of it are one.</summary>
internal static class ServerAddress
{
    private const string OldRoot = "/auth";

    /// <summary>Host in lower case, port as it is meant, path without <c>/auth</c>; the scheme does not tell servers apart.</summary>
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
