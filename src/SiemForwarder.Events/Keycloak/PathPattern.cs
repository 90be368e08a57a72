namespace SiemForwarder.Events.Keycloak;

/// <summary>Matches resource paths: <c>*</c> matches one segment, a trailing <c>**</c> the rest (or nothing), and <c>|</c> separates alternatives.</summary>
/// <remarks>A segment may end in <c>*</c>: <c>invite-*</c>. A pattern that starts with <c>**/</c> matches the end of a path.</remarks>
internal static class PathPattern
{
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> path)
    {
        foreach (var range in pattern.Split('|'))
        {
            if (MatchesOne(pattern[range], path))
            {
                return true;
            }
        }

        return false;
    }

    private static bool MatchesOne(ReadOnlySpan<char> pattern, ReadOnlySpan<char> path)
    {
        if (!pattern.StartsWith("**/"))
        {
            return MatchesFromStart(pattern, path);
        }

        while (true)
        {
            if (MatchesFromStart(pattern[3..], path))
            {
                return true;
            }

            var slash = path.IndexOf('/');
            if (slash < 0)
            {
                return false;
            }

            path = path[(slash + 1)..];
        }
    }

    private static bool MatchesFromStart(ReadOnlySpan<char> pattern, ReadOnlySpan<char> path)
    {
        while (true)
        {
            if (pattern is "**")
            {
                return true;
            }

            var wanted = NextSegment(ref pattern);
            var segment = NextSegment(ref path);
            if (!MatchesSegment(wanted, segment))
            {
                return false;
            }

            if (pattern.IsEmpty || path.IsEmpty)
            {
                return pattern is "" or "**" && (path.IsEmpty || pattern is "**");
            }
        }
    }

    private static bool MatchesSegment(ReadOnlySpan<char> wanted, ReadOnlySpan<char> segment) =>
        wanted.EndsWith("*") ? segment.Length >= wanted.Length && segment.StartsWith(wanted[..^1]) : segment.SequenceEqual(wanted);

    private static ReadOnlySpan<char> NextSegment(ref ReadOnlySpan<char> path)
    {
        var slash = path.IndexOf('/');
        var segment = slash < 0 ? path : path[..slash];
        path = slash < 0 ? [] : path[(slash + 1)..];
        return segment;
    }
}
