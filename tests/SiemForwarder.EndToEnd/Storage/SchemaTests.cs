using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Storage;

/// <summary>The tables that the migrations make are those that the model expects.</summary>
public sealed class SchemaTests(TestPostgres postgres)
{
    [Fact]
    public async Task TheColumnsOfEveryEntityAreThoseOfItsTable()
    {
        await using var database = await MigratedAsync();
        await using var context = NewContext(database);

        foreach (var entity in context.Model.GetEntityTypes())
        {
            var table = StoreObjectIdentifier.Table(entity.GetTableName()!, null);
            var expected = entity.GetProperties().Select(property => $"{property.GetColumnName(table)} {property.GetColumnType(table)} {(property.IsColumnNullable(table) ? "null" : "not null")}");

            Assert.Equal(expected.Order(StringComparer.Ordinal), (await ColumnsAsync(database, table.Name)).Order(StringComparer.Ordinal));
            Assert.Equal(entity.FindPrimaryKey()!.Properties.Select(property => property.GetColumnName(table)!), await PrimaryKeyAsync(database, table.Name));
        }

        Assert.Equal(3, context.Model.GetEntityTypes().Count());
    }

    [Fact]
    public async Task MigratingAgainAndFromTwoEnginesAtOnceChangesNothing()
    {
        await using var database = await MigratedAsync();
        var before = await TablesAsync(database);

        await Task.WhenAll(MigrateAsync(database), MigrateAsync(database));

        Assert.Equal(before, await TablesAsync(database));
        Assert.Contains("segment", before);
    }

    private async Task<NpgsqlDataSource> MigratedAsync()
    {
        var database = ServiceDatabase.CreateDataSource(await postgres.CreateDatabaseAsync());
        await MigrateAsync(database);
        return database;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ABackupHoldsNoStartUpAndAnUpdateThatItDoesHoldUpSaysSo(bool isOlder)
    {
        var connectionString = await postgres.CreateDatabaseAsync();
        await using var database = NpgsqlDataSource.Create(connectionString);
        await MigrateAsync(database);
        if (isOlder)
        {
            await ReadAsync(database, """WITH gone AS (DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" = '0014_expiry') SELECT ''""");
            await ReadAsync(database, "DROP TABLE expiry; SELECT ''");
        }

        await using var backup = await database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var dump = await backup.BeginTransactionAsync(TestContext.Current.CancellationToken);
        foreach (var table in await TablesAsync(database))
        {
            await using var held = new NpgsqlCommand($"LOCK TABLE \"{table}\" IN ACCESS SHARE MODE", backup, dump);
            await held.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        if (isOlder)
        {
            var fault = await Assert.ThrowsAsync<DatabaseStartException>(() => ForwarderApplication.StartOnAsync(connectionString));
            Assert.Contains("another session has locked them, possibly a backup; let it finish, then start again.", fault.Message, StringComparison.Ordinal);
            await dump.RollbackAsync(TestContext.Current.CancellationToken);
        }

        await using var forwarder = await ForwarderApplication.StartOnAsync(connectionString);
        Assert.Contains("expiry", await TablesAsync(database));
    }

    private static async Task MigrateAsync(NpgsqlDataSource database)
    {
        await using var context = NewContext(database);
        await context.Database.MigrateAsync(TestContext.Current.CancellationToken);
    }

    private static ForwarderDbContext NewContext(NpgsqlDataSource database)
    {
        var options = new DbContextOptionsBuilder<ForwarderDbContext>();
        ServiceDatabase.Configure(options, database);
        return new ForwarderDbContext(options.Options);
    }

    private static Task<List<string>> ColumnsAsync(NpgsqlDataSource database, string table) => ReadAsync(database, $"""
        SELECT attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE ' null' END
        FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped
        """);

    private static Task<List<string>> PrimaryKeyAsync(NpgsqlDataSource database, string table) => ReadAsync(database, $"""
        SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
        WHERE i.indrelid = '{table}'::regclass AND i.indisprimary ORDER BY array_position(i.indkey::int[], a.attnum::int)
        """);

    private static Task<List<string>> TablesAsync(NpgsqlDataSource database) =>
        ReadAsync(database, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname");

    private static async Task<List<string>> ReadAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var rows = new List<string>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}
