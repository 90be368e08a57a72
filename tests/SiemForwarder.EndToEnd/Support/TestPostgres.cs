using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Private;
using Testcontainers.PostgreSql;

[assembly: AssemblyFixture(typeof(TestPostgres))]

namespace SiemForwarder.EndToEnd.Support;

/// <summary>One PostgreSQL for all tests: a given one, else a private server from local programs, else a container; every test class makes databases of its own in it.</summary>
public sealed class TestPostgres : IAsyncLifetime
{
    public const string Variable = "SIEMFORWARDER_TEST_POSTGRES";

    private readonly string folder = Directory.CreateTempSubdirectory("siemforwarder-tests-").FullName;
    private PrivatePostgres? server;
    private PostgreSqlContainer? container;
    private string connectionString = "";
    private string? missing;
    private int count;

    public async ValueTask InitializeAsync()
    {
        if (!OperatingSystem.IsWindows())
        {
            // The server runs as another user where the tests run as root.
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        }

        var given = Environment.GetEnvironmentVariable(Variable);
        if (!string.IsNullOrWhiteSpace(given))
        {
            connectionString = given;
            return;
        }

        if (PostgresPrograms.FindFolder() is { } programs)
        {
            // Several test classes run engines at once, up to three each.
            server = await PrivatePostgres.StartAsync(programs, folder, maxConnections: 400, TestContext.Current.CancellationToken);
            connectionString = server.ConnectionString;
            await OpenToEveryRoleAsync();
            return;
        }

        try
        {
            container = new PostgreSqlBuilder("postgres:17").Build();
            await container.StartAsync(TestContext.Current.CancellationToken);
            connectionString = container.GetConnectionString();
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            missing = $"{Variable} is not set, there are no server programs on this machine, and no container starts: {exception.Message}";
        }
    }

    // The private server admits one role, to one user; tests log in as others too, and run a pooler as another user.
    private async Task OpenToEveryRoleAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "postgres", "data", "pg_hba.conf"), "local all all trust\n", TestContext.Current.CancellationToken);
        await using var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false });
        await using var loaded = database.CreateCommand("SELECT pg_conf_load_time()");
        await using var load = database.CreateCommand("SELECT pg_reload_conf()");
        var before = await loaded.ExecuteScalarAsync();
        await load.ExecuteScalarAsync();
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (Equals(await loaded.ExecuteScalarAsync(bound.Token), before))
        {
            await Task.Delay(10, bound.Token);
        }
    }

    /// <summary>The connection string of a new, empty database; the test is skipped where there is no PostgreSQL.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        Assert.SkipWhen(missing is not null, $"No PostgreSQL: {missing}");
        var name = $"test_{Environment.ProcessId}_{Interlocked.Increment(ref count)}";
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var command = database.CreateCommand($"CREATE DATABASE {name}");
        await command.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(connectionString) { Database = name, MaxPoolSize = 20, IncludeErrorDetail = true }.ConnectionString;
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (server is not null)
        {
            await server.DisposeAsync();
        }

        if (container is not null)
        {
            await container.DisposeAsync();
        }

        Directory.Delete(folder, recursive: true);
    }
}
