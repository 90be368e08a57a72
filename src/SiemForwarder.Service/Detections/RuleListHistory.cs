using Npgsql;

namespace SiemForwarder.Service.Detections;

/// <summary>What a list held from a time on.</summary>
/// <param name="ChangedAt">When it was changed.</param>
/// <param name="ChangedBy">Who changed it.</param>
/// <param name="Values">Its values since; null where it was deleted, so that it had the values of the pack again, if it is one of the pack.</param>
public sealed record RuleListVersion(DateTimeOffset ChangedAt, string ChangedBy, IReadOnlyList<string>? Values);

/// <summary>What lists held over time: a rule that alerted, or did not, can be understood later.</summary>
internal sealed class RuleListHistory(NpgsqlDataSource database)
{
    /// <summary>Records the row of <c>changed</c> in the statement that changes list $1, by $3 at $4; the newest 200 of each list are kept.</summary>
    public const string Record = """
        , gone AS (DELETE FROM detection_list_version WHERE id IN (SELECT id FROM detection_list_version WHERE name = $1 ORDER BY id DESC OFFSET 199))
        INSERT INTO detection_list_version (name, entries, changed_by, changed_at) SELECT name, entries, $3, $4 FROM changed
        """;

    /// <summary>The changes of a list, the newest first.</summary>
    public async Task<IReadOnlyList<RuleListVersion>> ReadAsync(string name, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT changed_at, changed_by, entries FROM detection_list_version WHERE name = $1 ORDER BY id DESC");
        command.Parameters.AddWithValue(name);
        var versions = new List<RuleListVersion>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            versions.Add(new RuleListVersion(
                reader.GetFieldValue<DateTimeOffset>(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetFieldValue<string[]>(2)));
        }

        return versions;
    }
}
