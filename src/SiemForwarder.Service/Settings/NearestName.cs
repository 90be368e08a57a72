namespace SiemForwarder.Service.Settings;

/// <summary>Finds the known name closest to a mistyped one.</summary>
internal static class NearestName
{
    /// <summary>The known name with the fewest letter changes, or null if none is close enough. Case-insensitive.</summary>
    public static string? Find(string given, IEnumerable<string> known)
    {
        var nearest = known.Select(name => (Name: name, Changes: Changes(given.ToUpperInvariant(), name.ToUpperInvariant())))
            .OrderBy(one => one.Changes).FirstOrDefault();
        return nearest.Name is { } found && nearest.Changes <= Math.Clamp(Math.Min(given.Length, found.Length) / 4, 1, 4) ? found : null;
    }

    // Levenshtein distance, row by row; transposed letters count as one change.
    private static int Changes(string from, string to)
    {
        var (before, last, row) = (new int[to.Length + 1], Enumerable.Range(0, to.Length + 1).ToArray(), new int[to.Length + 1]);
        for (var i = 1; i <= from.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                row[j] = Math.Min(Math.Min(last[j], row[j - 1]) + 1, last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
                }
            }

            (before, last, row) = (last, row, before);
        }

        return last[to.Length];
    }
}
