namespace SiemForwarder.Events.Keycloak;

/// <summary>A resource type of admin events.</summary>
/// <param name="Type">Keycloak's name.</param>
/// <param name="Words">The resource in words, in lower case.</param>
/// <param name="Collections">Path segments that precede the id of the resource; the last one found in a path applies.</param>
internal sealed record ResourceTypeRow(string Type, string Words, params string[] Collections)
{
    /// <summary>The id of the resource in a path such as <c>users/{id}/groups/{id}</c>, or null if it cannot be determined.</summary>
    public string? FindId(string path)
    {
        string? found = null;
        var start = 0;
        while (start < path.Length)
        {
            var end = path.IndexOf('/', start);
            if (end < 0 || end == path.Length - 1)
            {
                break;
            }

            var next = path.IndexOf('/', end + 1);
            var idEnd = next < 0 ? path.Length : next;
            if (idEnd > end + 1 && IsCollection(path.AsSpan(start, end - start)))
            {
                found = path[(end + 1)..idEnd];
            }

            start = end + 1;
        }

        return found;
    }

    private bool IsCollection(ReadOnlySpan<char> segment)
    {
        foreach (var collection in Collections)
        {
            if (segment.SequenceEqual(collection))
            {
                return true;
            }
        }

        return false;
    }
}
