using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Storage;

/// <summary>Who gets into a private PostgreSQL: the user that runs the service, over the socket, as the one role; nobody else.</summary>
public sealed class PrivateLoginTests
{
    private const string Older = "local all all trust\nhost all all 127.0.0.1/32 trust\nlocal replication all trust\n";

    private static readonly string[] Rules =
    [
        "local all siemforwarder peer map=siemforwarder", "local all all reject", "local replication all reject", "host all all all reject",
        "host replication all all reject",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheServiceGetsInAndNoOtherRoleDoes()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        await using var folder = new TemporaryFolder();
        await using var server = await PrivatePostgres.StartAsync(PostgresPrograms.FindFolder()!, folder.Path, Token);

        Assert.Equal("siemforwarder", Assert.Single(await AskAsync(server.ConnectionString, "SELECT current_user::text")));
        await AssertStrictAsync(server, folder.Path);
    }

    [Theory]
    [InlineData("stopped")]
    [InlineData("running")]
    public async Task TheFolderOfAnOlderVersionIsClosedAtTheNextStart(string state)
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        await using var folder = new TemporaryFolder();
        await (await PrivatePostgres.StartAsync(PostgresPrograms.FindFolder()!, folder.Path, Token)).DisposeAsync();
        var data = DataOf(folder.Path);
        await File.WriteAllTextAsync(Path.Combine(data, "pg_hba.conf"), Older, Token);
        await File.WriteAllTextAsync(Path.Combine(data, "pg_ident.conf"), "", Token);
        if (state == "running")
        {
            var options = $"-c listen_addresses='' -c unix_socket_directories='{Path.Combine(folder.Path, "postgres", "run")}'";
            await MustAsync(
                await OwnerOfAsync(data), Path.Combine(PostgresPrograms.FindFolder()!, "pg_ctl"), "start", "-D", data, "-w", "-l", Path.Combine(data, "server.log"), "-o", options);
        }

        await using var server = await PrivatePostgres.StartAsync(PostgresPrograms.FindFolder()!, folder.Path, Token);

        await AssertStrictAsync(server, folder.Path);
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("the server's")]
    public async Task AnotherUserOfTheMachineIsRefusedByWhatTheKernelSays(string who)
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        Assert.SkipUnless(!OperatingSystem.IsWindows() && Environment.UserName == "root", "only root can become another user");
        Assert.SkipUnless((await ChildProgram.RunAsync("psql", ["--version"], Token)).ExitCode == 0, "psql is not installed");
        await using var folder = new TemporaryFolder();
        await using var server = await PrivatePostgres.StartAsync(PostgresPrograms.FindFolder()!, folder.Path, Token);
        var run = Path.Combine(folder.Path, "postgres", "run");
        // Let to the socket for once, as a wrong mode would.
        await MustAsync(null, "chmod", "a+rx", Path.Combine(folder.Path, "postgres"), run);
        await MustAsync(null, "chmod", "a+rw", Path.Combine(run, ".s.PGSQL.5432"));
        var user = who == "nobody" ? "65534" : await OwnerOfAsync(DataOf(folder.Path));

        var (code, output) = await RunAsync(user, "psql", "-w", "-h", run, "-U", "siemforwarder", "-d", "postgres", "-c", "SELECT 1");

        Assert.NotEqual(0, code);
        Assert.Contains("Peer authentication failed for user \"siemforwarder\"", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerOfRootRunsAsTheOwnerOfItsData()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        Assert.SkipUnless(!OperatingSystem.IsWindows() && Environment.UserName == "root", "only root can become another user");
        await using var folder = new TemporaryFolder();
        await (await PrivatePostgres.StartAsync(PostgresPrograms.FindFolder()!, folder.Path, Token)).DisposeAsync();
        await MustAsync(null, "chown", "-R", "nobody", Path.Combine(folder.Path, "postgres"));

        await using var server = await PrivatePostgres.StartAsync(PostgresPrograms.FindFolder()!, folder.Path, Token);

        Assert.Equal("65534", (await OwnerOfAsync(Path.Combine(DataOf(folder.Path), "postmaster.pid"))).Split(':', ' ')[0]);
        await AssertStrictAsync(server, folder.Path);
    }

    private static async Task AssertStrictAsync(PrivatePostgres server, string folder)
    {
        var guest = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Username = "guest", Pooling = false }.ConnectionString;
        await AskAsync(server.ConnectionString, "CREATE ROLE guest LOGIN SUPERUSER");
        var refused = await UntilRefusedAsync(guest);

        Assert.Contains("pg_hba.conf rejects connection", refused.MessageText, StringComparison.Ordinal);
        Assert.Equal(Rules, await AskAsync(
            server.ConnectionString,
            "SELECT concat_ws(' ', type, array_to_string(database, ','), array_to_string(user_name, ','), address, auth_method, array_to_string(options, ','), error)"
                + " FROM pg_hba_file_rules ORDER BY line_number"));
        Assert.Equal([$"siemforwarder {Environment.UserName} siemforwarder"], await AskAsync(
            server.ConnectionString, "SELECT concat_ws(' ', map_name, sys_name, pg_username, error) FROM pg_ident_file_mappings ORDER BY line_number"));
        foreach (var file in new[] { "pg_hba.conf", "pg_ident.conf" }.Select(name => Path.Combine(DataOf(folder), name)))
        {
            Assert.Equal((await OwnerOfAsync(DataOf(folder)), "600"), (await OwnerOfAsync(file), await StatAsync("%a", file)));
        }
    }

    // A server that runs takes the new rules a moment after it is told.
    private static async Task<PostgresException> UntilRefusedAsync(string connectionString)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                await AskAsync(connectionString, "SELECT 1::text");
            }
            catch (PostgresException exception)
            {
                return exception;
            }

            await Task.Delay(10, bound.Token);
        }
    }

    private static async Task<List<string>> AskAsync(string connectionString, string sql)
    {
        await using var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false });
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var rows = new List<string>();
        while (await reader.ReadAsync(Token))
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private static string DataOf(string folder) => Path.Combine(folder, "postgres", "data");

    private static Task<string> OwnerOfAsync(string path) => StatAsync("%u", path);

    private static async Task<string> StatAsync(string format, string path) => (await ChildProgram.RunAsync("stat", ["-c", format, path], Token)).Output;

    private static Task<(int ExitCode, string Output)> RunAsync(string? user, string program, params string[] arguments) => user is null || Environment.UserName != "root"
        ? ChildProgram.RunAsync(program, arguments, Token)
        : ChildProgram.RunAsync("setpriv", [$"--reuid={user}", "--regid=65534", "--clear-groups", program, .. arguments], Token);

    private static async Task MustAsync(string? user, string program, params string[] arguments)
    {
        var (code, output) = await RunAsync(user, program, arguments);
        Assert.True(code == 0, output);
    }
}
