using Npgsql;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.Service.Integrations;

/// <summary>Finds nonexistent event types in a filter, because a typo silently excludes events.</summary>
internal sealed class FilterWarnings(NpgsqlDataSource database)
{
    private const int MaxDistance = 2;

    /// <summary>A sentence for every type or prefix that occurs neither in the catalogue nor among the newest events.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(FilterContract filter, CancellationToken cancellationToken)
    {
        List<(string Field, string Type)> unknown =
        [
            .. Unknown("filter.include.types", filter.Include, EventCatalog.All.Select(type => type.Type)),
            .. Unknown("filter.exclude.types", filter.Exclude, EventCatalog.All.Select(type => type.Type)),
        ];
        if (unknown.Count == 0)
        {
            return [];
        }

        var stored = await ReadStoredTypesAsync(cancellationToken);
        List<string> known = [.. EventCatalog.All.Select(type => type.Type), .. stored];
        return [.. unknown.Where(one => !stored.Any(type => Matches(one.Type, type))).Select(one => Sentence(one.Field, one.Type, known))];
    }

    private static IEnumerable<(string Field, string Type)> Unknown(string field, MatchContract? match, IEnumerable<string> known) =>
        (match?.Types ?? []).Where(wanted => !known.Any(type => Matches(wanted, type))).Select(type => (field, type));

    private static bool Matches(string wanted, string type) => wanted.EndsWith('*')
        ? type.StartsWith(wanted[..^1], StringComparison.OrdinalIgnoreCase)
        : type.Equals(wanted, StringComparison.OrdinalIgnoreCase);

    private static string Sentence(string field, string type, List<string> known)
    {
        var near = type.EndsWith('*') ? null : known.Distinct(StringComparer.OrdinalIgnoreCase)
            .Select(one => (Type: one, Distance: Distance(one.ToUpperInvariant(), type.ToUpperInvariant())))
            .Where(one => one.Distance <= MaxDistance).OrderBy(one => one.Distance).Select(one => one.Type).FirstOrDefault();
        return $"{field}: {(type.EndsWith('*') ? "no event type matches" : "there is no event type")} '{type}', neither in the catalogue "
            + $"(/api/v1/event-types) nor among the newest events{(near is null ? "." : $"; did you mean '{near}'?")}";
    }

    // The index is ordered by time, so only the newest events are read.
    private async Task<HashSet<string>> ReadStoredTypesAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"SELECT DISTINCT type FROM (SELECT type FROM {LogTables.IndexedEvents} e ORDER BY occurred_at DESC LIMIT 50000) newest");
        var types = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            types.Add(reader.GetString(0));
        }

        return types;
    }

    /// <summary>The number of changed, added or removed letters between two texts (Levenshtein distance).</summary>
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (left[i - 1] == right[j - 1] ? 0 : 1)));
            }
        }

        return row[^1];
    }
}
