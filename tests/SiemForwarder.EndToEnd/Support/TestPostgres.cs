using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Private;

[assembly: AssemblyFixture(typeof(TestPostgres))]

namespace SiemForwarder.EndToEnd.Support;

/// <summary>One PostgreSQL for all tests: a given one, else a private server from local programs or a container; every test class makes databases of its own in it.</summary>
public sealed class TestPostgres : IAsyncLifetime
{
    public const string Variable = "SIEMFORWARDER_TEST_POSTGRES";

    private readonly string folder = Directory.CreateTempSubdirectory("siemforwarder-tests-").FullName;
    private DatabaseHome? home;
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

        try
        {
            home = await DatabaseHome.OpenAsync(Environment.GetEnvironmentVariable(Variable), folder, TestContext.Current.CancellationToken);
        }
        catch (DatabaseStartException exception) when (exception.Message.StartsWith("SiemForwarder needs", StringComparison.Ordinal))
        {
            missing = exception.Message;
        }
    }

    /// <summary>The connection string of a new, empty database; the test is skipped where there is no PostgreSQL.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        Assert.SkipWhen(missing is not null, $"No PostgreSQL: {missing}");
        var name = $"test_{Environment.ProcessId}_{Interlocked.Increment(ref count)}";
        await using var database = NpgsqlDataSource.Create(home!.ConnectionString);
        await using var command = database.CreateCommand($"CREATE DATABASE {name}");
        await command.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(home.ConnectionString) { Database = name, MaxPoolSize = 20, IncludeErrorDetail = true }.ConnectionString;
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (home is not null)
        {
            await home.DisposeAsync();
        }

        Directory.Delete(folder, recursive: true);
    }
}
