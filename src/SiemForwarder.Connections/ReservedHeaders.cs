namespace SiemForwarder.Connections;

/// <summary>Headers that a user cannot give: the forwarder or the connection sets them, or they would say something about the body.</summary>
public static class ReservedHeaders
{
    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        "Accept-Encoding", "Allow", "Connection", "Expect", "Expires", "Host", "Keep-Alive", "Last-Modified", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "User-Agent",
    };

    public static bool Contains(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Names.Contains(name) || name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase);
    }
}
