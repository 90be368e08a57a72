namespace SiemForwarder.Destinations.Http;

/// <summary>One request to the host of a destination, credentials excepted.</summary>
/// <param name="PathAndQuery">Escaped, from the first slash on.</param>
/// <param name="Body">Bytes to send, compressed where <see cref="Gzip"/> says so; none with GET.</param>
/// <param name="ContentType">Media type of the body, as it stands in the header.</param>
internal sealed record HttpExchange(string PathAndQuery, ReadOnlyMemory<byte> Body = default, string ContentType = "application/json")
{
    public HttpMethod Method { get; init; } = HttpMethod.Post;

    public bool Gzip { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The path of the server URL with this behind it, unless it already ends so; with the server URL's query.</summary>
    public static string PathBehind(Uri serverUrl, string suffix)
    {
        var path = serverUrl.AbsolutePath.TrimEnd('/');
        return (path.EndsWith(suffix, StringComparison.OrdinalIgnoreCase) ? path : path + suffix) + serverUrl.Query;
    }
}
