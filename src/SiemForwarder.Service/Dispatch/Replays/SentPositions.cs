using Npgsql;
using NpgsqlTypes;

namespace SiemForwarder.Service.Dispatch.Replays;

/// <summary>The positions of a source already sent by an integration, according to its delivery records.</summary>
internal sealed class SentPositions
{
    private readonly NpgsqlRange<long>[] ranges;

    private SentPositions(NpgsqlRange<long>[] ranges) => this.ranges = ranges;

    public static async Task<SentPositions> ReadAsync(NpgsqlDataSource database, int integrationId, ReplayRange range, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT coalesce(range_agg(sent), '{}'::int8multirange) FROM (
                SELECT int8multirange(int8range(first_position, last_position, '[]')) - coalesce(filtered, '{}'::int8multirange) AS sent FROM delivery
                WHERE integration_id = $1 AND source_id = $2 AND last_position >= $3 AND first_position <= $4) delivered
            """);
        command.Parameters.AddWithValue(integrationId);
        command.Parameters.AddWithValue(range.SourceId);
        command.Parameters.AddWithValue(range.FirstPosition);
        command.Parameters.AddWithValue(range.LastPosition);
        return new SentPositions((NpgsqlRange<long>[])(await command.ExecuteScalarAsync(cancellationToken))!);
    }

    public bool Contain(long position)
    {
        // PostgreSQL returns multiranges sorted and half-open.
        var (low, high) = (0, ranges.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = ranges[middle].UpperBound <= position ? (middle + 1, high) : (low, middle);
        }

        return low < ranges.Length && ranges[low].LowerBound <= position;
    }
}
