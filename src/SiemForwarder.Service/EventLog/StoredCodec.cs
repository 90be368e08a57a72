using Npgsql;
using SiemForwarder.Service.Engines;

namespace SiemForwarder.Service.EventLog;

/// <summary>The codec that segments are stored with: the newest one, once every engine that may have to read them can.</summary>
/// <remarks>
/// Where the version before has worked, the old codec stays in use for a day, and for as long as one of its engines was seen within a day: until then the
/// version before can be gone back to. A new database has the newest codec at once. Once chosen, it stays.
/// </remarks>
internal sealed class StoredCodec(NpgsqlDataSource database, TimeProvider time)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMinutes(1);

    private volatile bool isNewest;
    private long? lookedAt;

    /// <summary>The codec for a segment that is stored now.</summary>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    public async ValueTask<short> ChooseAsync(CancellationToken cancellationToken)
    {
        if (!isNewest && (lookedAt is not { } before || time.GetElapsedTime(before) >= LookInterval))
        {
            isNewest = await MayBeNewestAsync(cancellationToken);
            lookedAt = time.GetTimestamp();
        }

        return isNewest ? SegmentCodec.Zstandard : SegmentCodec.Brotli;
    }

    private async Task<bool> MayBeNewestAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT EXISTS (SELECT 1 FROM segment_codec WHERE codec = $1 AND from_at <= now())
                AND NOT EXISTS (SELECT 1 FROM {LeaseTable.Engines} e WHERE reads_codec < $1 AND last_seen_at > now() - interval '1 day')
            """);
        command.Parameters.AddWithValue(SegmentCodec.Zstandard);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}
