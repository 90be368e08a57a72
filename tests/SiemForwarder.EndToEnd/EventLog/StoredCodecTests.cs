using Microsoft.EntityFrameworkCore;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.EndToEnd.EventLog;

/// <summary>With which codec segments are stored, where the version before may have to read them, and where it never will.</summary>
public sealed class StoredCodecTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ANewDatabaseHasTheNewestCodecAtOnce()
    {
        await using var database = await UpdatedAsync(isUsed: false);

        Assert.Equal(SegmentCodec.Zstandard, await ChooseAsync(database));
    }

    [Fact]
    public async Task ADatabaseOfTheVersionBeforeKeepsItsCodecForADay()
    {
        await using var database = await UpdatedAsync(isUsed: true);

        Assert.Equal(SegmentCodec.Brotli, await ChooseAsync(database));
        await RunAsync(database, "UPDATE segment_codec SET from_at = from_at - interval '1 day'");
        Assert.Equal(SegmentCodec.Zstandard, await ChooseAsync(database));
    }

    [Fact]
    public async Task AnEngineOfTheVersionBeforeIsWaitedForUntilItWasGoneForADay()
    {
        await using var database = await UpdatedAsync(isUsed: false);
        // As the version before says that it is alive.
        await RunAsync(database, "INSERT INTO engine (name, version, roles, pools, started_at, last_seen_at) VALUES ('old', '0.0.9', '{}', '{}', now(), now())");

        Assert.Equal(SegmentCodec.Brotli, await ChooseAsync(database));
        await RunAsync(database, "UPDATE engine SET last_seen_at = now() - interval '25 hours'");
        Assert.Equal(SegmentCodec.Zstandard, await ChooseAsync(database));
    }

    [Fact]
    public async Task ALogWithBothCodecsIsReadAsOne()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        await RunAsync(bench.Database, "UPDATE segment_codec SET from_at = now() + interval '1 day'");
        var former = LogBench.NewWriter(
            bench.Database, TimeProvider.System, new EventLogSignal(), new SegmentCache(), codecs: new StoredCodec(bench.Database, TimeProvider.System));
        var events = Enumerable.Range(0, 6).Select(i => LogBench.Event(Guid.NewGuid(), 1_762_164_930_000 + i)).ToList();

        await former.AppendAsync(LogBench.Page(source, events[..3]), Token);
        await bench.NewWriter().AppendAsync(LogBench.Page(source, events[3..]), Token);

        Assert.Equal("1,2", await bench.ScalarAsync("SELECT string_agg(codec::text, ',' ORDER BY first_position) FROM segment"));
        Assert.Equal(events.Select(one => one.Key), (await bench.ReadAllAsync(source)).Select(one => one.Key));
    }

    private static async Task<short> ChooseAsync(NpgsqlDataSource database) => await new StoredCodec(database, TimeProvider.System).ChooseAsync(Token);

    private async Task<NpgsqlDataSource> UpdatedAsync(bool isUsed)
    {
        var database = ServiceDatabase.CreateDataSource(await postgres.CreateDatabaseAsync());
        var options = new DbContextOptionsBuilder<ForwarderDbContext>();
        ServiceDatabase.Configure(options, database);
        await using var context = new ForwarderDbContext(options.Options);
        await context.Database.MigrateAsync(Token);
        // As the version before left it.
        await RunAsync(database, """
            DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" = '0140_segment_codec';
            DROP TABLE segment_codec;
            ALTER TABLE engine DROP COLUMN reads_codec
            """);
        if (isUsed)
        {
            await new DayPartitions(database).EnsureAsync(DateTimeOffset.UtcNow, Token);
            await RunAsync(database, """
                INSERT INTO segment (source_id, first_position, last_position, received_at, stream, codec, lowest_at, highest_at, keys, times, body)
                VALUES (1, 1, 1, now(), 0, 1, 0, 0, '', '', '')
                """);
        }

        await context.Database.MigrateAsync(Token);
        return database;
    }

    private static async Task RunAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }
}
