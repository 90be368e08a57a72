namespace SiemForwarder.Destinations.Http;

/// <summary>One request to a destination's host, without credentials.</summary>
/// <param name="PathAndQuery">Escaped, starting with the first slash.</param>
/// <param name="Body">Bytes to send, compressed if <see cref="Gzip"/> is set; none with GET.</param>
/// <param name="ContentType">Media type of the body, as sent in the header.</param>
internal sealed record HttpExchange(string PathAndQuery, ReadOnlyMemory<byte> Body = default, string ContentType = "application/json")
{
    public HttpMethod Method { get; init; } = HttpMethod.Post;

    public bool Gzip { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The path of the server URL with the suffix appended, unless it already ends with it; including the server URL's query.</summary>
    public static string PathBehind(Uri serverUrl, string suffix)
    {
        var path = serverUrl.AbsolutePath.TrimEnd('/');
        return (path.EndsWith(suffix, StringComparison.OrdinalIgnoreCase) ? path : path + suffix) + serverUrl.Query;
    }
}
