using System.Net;
using System.Net.Sockets;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Storage;

/// <summary>A database that cannot be used at the start: one sentence that says what to do, exit code 2, no stack, no part of a secret.</summary>
public sealed class DatabaseStartTests(TestPostgres postgres)
{
    private const string Password = "a;b'c\"d=e";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AGoodDatabaseTellsHowManyConnectionsItGrants()
    {
        var granted = await DatabaseStart.CheckAsync(await postgres.CreateDatabaseAsync(), TimeProvider.System, Token);

        Assert.InRange(granted, 10, 100_000);
    }

    [Theory]
    [InlineData("Host=localhost;Password=a;b'c\"d=e")]
    [InlineData("this is no connection string")]
    [InlineData("Host=localhost;Port=many")]
    [InlineData("Username=x")]
    public async Task AMalformedConnectionStringIsExplainedWithoutAnyPartOfIt(string connectionString)
    {
        var fault = await FaultAsync(connectionString);

        Assert.Contains("ConnectionStrings__Forwarder", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("b'c", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("many", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerThatDoesNotListenAndOneWithoutANameAreToldApart()
    {
        int port;
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        }

        Assert.StartsWith($"Nothing is listening at 127.0.0.1:{port}: start PostgreSQL there", await FaultAsync($"Host=127.0.0.1;Port={port};Username=x"), StringComparison.Ordinal);
        Assert.Contains("'nowhere.invalid' of the database cannot be resolved", await FaultAsync("Host=nowhere.invalid;Username=x;Timeout=10"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AMissingDatabaseAndAForeignEncodingAreNamedWithTheStatementThatHelps()
    {
        var given = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());
        var latin = $"{given.Database}_latin";
        await ExecuteAsync(given.ConnectionString, $"CREATE DATABASE {latin} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");

        var missing = await FaultAsync(With(given, database: "not_there"));
        var foreign = await FaultAsync(With(given, database: latin));

        Assert.StartsWith("The database 'not_there' does not exist at ", missing, StringComparison.Ordinal);
        Assert.Contains("CREATE DATABASE \"not_there\" ENCODING 'UTF8' TEMPLATE template0", missing, StringComparison.Ordinal);
        Assert.Contains("has the encoding LATIN1", foreign, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AUserWithoutRightsOrLoginIsToldWhichRightIsMissing()
    {
        var given = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());
        var (poor, locked, shut) = ($"poor_{given.Database}", $"locked_{given.Database}", $"shut_{given.Database}");
        await ExecuteAsync(given.ConnectionString,
            $"CREATE ROLE {poor} LOGIN; CREATE ROLE {locked} NOLOGIN; CREATE ROLE {shut} LOGIN; REVOKE CONNECT ON DATABASE {given.Database} FROM PUBLIC; GRANT CONNECT ON DATABASE {given.Database} TO {poor}");

        Assert.Contains($"GRANT CREATE, USAGE ON SCHEMA public TO \"{poor}\"", await FaultAsync(With(given, user: poor)), StringComparison.Ordinal);
        Assert.Contains($"rejects the user '{locked}'", await FaultAsync(With(given, user: locked)), StringComparison.Ordinal);
        Assert.Contains($"The user '{shut}' may not use the database", await FaultAsync(With(given, user: shut)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AReadOnlyDatabaseIsRefused()
    {
        var given = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());
        await ExecuteAsync(given.ConnectionString, $"ALTER DATABASE {given.Database} SET default_transaction_read_only = on");

        Assert.Contains("accepts no writes (read-only)", await FaultAsync(With(given)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AWrongPasswordEndsTheProcessWithOneSentenceAndExitCodeTwo()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        await using var folder = new TemporaryFolder();
        await using var server = await PrivatePostgres.StartAsync(PostgresPrograms.FindFolder()!, folder.Path, Token);
        await ExecuteAsync(server.ConnectionString, "CREATE ROLE guest LOGIN PASSWORD 'right'");
        var rules = Path.Combine(folder.Path, "postgres", "data", "pg_hba.conf");
        await File.WriteAllTextAsync(rules, "local all guest scram-sha-256\nlocal all all trust\n", Token);
        await ExecuteAsync(server.ConnectionString, "SELECT pg_reload_conf()");
        var settings = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Username = "guest", Password = Password };
        await using var process = new ForwarderProcess(
            ForwarderProcess.NewFolder(), new Dictionary<string, string> { ["ConnectionStrings__Forwarder"] = settings.ConnectionString });

        var code = await process.RunToEndAsync(Token);

        Assert.Equal(2, code);
        Assert.Equal($"PostgreSQL at {settings.Host} rejects the password of user 'guest': correct it in ConnectionStrings__Forwarder.", process.Output.Trim());
    }

    [Fact]
    public async Task AStandbyEndsTheProcessWithOneSentenceAndExitCodeTwo()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        await using var folder = new TemporaryFolder();
        await (await PrivatePostgres.StartAsync(PostgresPrograms.FindFolder()!, folder.Path, Token)).DisposeAsync();
        // From now on it replays, and has nobody to follow.
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "postgres", "data", "standby.signal"), "", Token);
        await using var standby = await PrivatePostgres.StartAsync(PostgresPrograms.FindFolder()!, folder.Path, Token);
        await using var process = new ForwarderProcess(
            ForwarderProcess.NewFolder(), new Dictionary<string, string> { ["ConnectionStrings__Forwarder"] = standby.ConnectionString });

        var code = await process.RunToEndAsync(Token);

        Assert.Equal(2, code);
        Assert.Contains("accepts no writes (the server is a standby): set the primary", process.Output, StringComparison.Ordinal);
        Assert.Single(process.Output.Trim().Split('\n'));
    }

    [Theory]
    [InlineData("missing", "The database 'not_there' does not exist")]
    [InlineData("latin", "has the encoding LATIN1")]
    [InlineData("poor", "GRANT CREATE, USAGE ON SCHEMA public")]
    [InlineData("locked", "rejects the user")]
    [InlineData("read-only", "accepts no writes (read-only)")]
    [InlineData("refused", "Nothing is listening at 127.0.0.1:1")]
    [InlineData("unknown", "'nowhere.invalid' of the database cannot be resolved")]
    public async Task EveryWrongDatabaseEndsTheProcessWithOneSentenceAndExitCodeTwo(string what, string sentence)
    {
        var given = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());
        var other = $"{given.Database}_{what[..4]}";
        await ExecuteAsync(given.ConnectionString, what switch
        {
            "latin" => $"CREATE DATABASE {other} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
            "poor" => $"CREATE ROLE {other} LOGIN",
            "locked" => $"CREATE ROLE {other} NOLOGIN",
            "read-only" => $"ALTER DATABASE {given.Database} SET default_transaction_read_only = on",
            _ => "SELECT 1",
        });
        var settings = new NpgsqlConnectionStringBuilder(given.ConnectionString) { Password = Password, Pooling = false };
        (settings.Database, settings.Username, settings.Host, settings.Port) = what switch
        {
            "missing" => ("not_there", given.Username, given.Host, given.Port),
            "latin" => (other, given.Username, given.Host, given.Port),
            "poor" or "locked" => (given.Database, other, given.Host, given.Port),
            "refused" => (given.Database, given.Username, "127.0.0.1", 1),
            "unknown" => (given.Database, given.Username, "nowhere.invalid", given.Port),
            _ => (given.Database, given.Username, given.Host, given.Port),
        };
        await using var process = new ForwarderProcess(
            ForwarderProcess.NewFolder(), new Dictionary<string, string> { ["ConnectionStrings__Forwarder"] = settings.ConnectionString });

        var code = await process.RunToEndAsync(Token);

        Assert.Equal(2, code);
        Assert.Contains(sentence, Assert.Single(process.Output.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.DoesNotContain("b'c", process.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUnquotedPasswordOfSignsEndsTheProcessWithoutShowingAnyOfIt()
    {
        await using var process = new ForwarderProcess(
            ForwarderProcess.NewFolder(), new Dictionary<string, string> { ["ConnectionStrings__Forwarder"] = $"Host=127.0.0.1;Username=x;Password={Password}" });

        var code = await process.RunToEndAsync(Token);

        Assert.Equal(2, code);
        Assert.DoesNotContain("   at ", process.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("b'c", process.Output, StringComparison.Ordinal);
        Assert.Single(process.Output.Trim().Split('\n'));
    }

    [Fact]
    public async Task AsRootAFolderThatTheServersUserMayNotEnterIsNamed()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        Assert.SkipUnless(!OperatingSystem.IsWindows() && Environment.UserName == "root", "the private server runs as another user only where the service runs as root");
        await using var folder = new TemporaryFolder();
        var locked = Directory.CreateDirectory(Path.Combine(folder.Path, "locked")).FullName;
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(locked, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var fault = await Assert.ThrowsAsync<DatabaseStartException>(
            () => PrivatePostgres.StartAsync(PostgresPrograms.FindFolder()!, Path.Combine(locked, "data"), Token));

        Assert.Contains($"cannot enter {locked}: run chmod o+x {locked}", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AStopInOrderEndsTheProcessWithExitCodeZero()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var process = new ForwarderProcess(ForwarderProcess.NewFolder(), new Dictionary<string, string> { ["ConnectionStrings__Forwarder"] = database });
        await process.StartAsync(Token);

        await process.StopAsync(Token);

        Assert.Equal(0, process.Process!.ExitCode);
    }

    [Fact]
    public async Task APortThatIsTakenEndsTheProcessWithOneSentence()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var process = new ForwarderProcess(ForwarderProcess.NewFolder(), new Dictionary<string, string> { ["ConnectionStrings__Forwarder"] = database });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, process.Port));
        socket.Listen();

        var code = await process.RunToEndAsync(Token);

        Assert.Equal(2, code);
        Assert.Contains("stop the process that listens there, or configure another address (--urls, ASPNETCORE_URLS).", process.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", process.Output, StringComparison.Ordinal);
    }

    private static async Task<string> FaultAsync(string connectionString) =>
        (await Assert.ThrowsAsync<DatabaseStartException>(() => DatabaseStart.CheckAsync(connectionString, TimeProvider.System, Token))).Message;

    private static string With(NpgsqlConnectionStringBuilder given, string? database = null, string? user = null) =>
        new NpgsqlConnectionStringBuilder(given.ConnectionString) { Database = database ?? given.Database, Username = user ?? given.Username, Pooling = false }.ConnectionString;

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var database = NpgsqlDataSource.Create($"{connectionString};Pooling=false");
        foreach (var statement in sql.Split("; "))
        {
            await using var command = database.CreateCommand(statement);
            await command.ExecuteNonQueryAsync(Token);
        }
    }
}
