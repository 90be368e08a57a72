using System.Globalization;

namespace SiemForwarder.Service.Storage.Private;

/// <summary>A PostgreSQL server owned by the service: data in the data folder, unix socket only, started and stopped with the service.</summary>
/// <remarks>
/// A server that survived a killed service is reused. It runs as the user of the service; when started as root, which PostgreSQL refuses, as the owner
/// of existing data, otherwise as the first of the users <c>siemforwarder</c>, <c>postgres</c> and <c>nobody</c> that the machine has. Only the user of
/// the service can log in (<see cref="PostgresRules"/>), identified by the kernel at the socket, so no password is needed.
/// </remarks>
internal sealed class PrivatePostgres : IAsyncDisposable
{
    private const int ConnectionsOfOneEngine = 60;

    // In order of preference, if root starts the service.
    private static readonly string[] Accounts = ["siemforwarder", "postgres"];

    private readonly string programs;
    private readonly string data;
    private readonly Account? runAs;
    private readonly FileStream folderLock;
    private readonly int maxConnections;
    private readonly string socketFolder;
    private readonly PostgresProcesses processes;

    private PrivatePostgres(string programs, string data, string socketFolder, Account? runAs, FileStream folderLock, int maxConnections)
    {
        this.maxConnections = maxConnections;
        this.programs = programs;
        this.data = data;
        this.runAs = runAs;
        this.folderLock = folderLock;
        this.socketFolder = socketFolder;
        ConnectionString = $"Host={socketFolder};Username={PostgresRules.Role};Database=postgres";
        processes = new PostgresProcesses(data, socketFolder, ConnectionString);
    }

    public string ConnectionString { get; }

    /// <summary>Starts the server for one engine, creating its data first if there is none.</summary>
    /// <exception cref="DatabaseStartException">The message is one sentence for the operator.</exception>
    public static Task<PrivatePostgres> StartAsync(string programs, string dataFolder, CancellationToken cancellationToken) =>
        StartAsync(programs, dataFolder, ConnectionsOfOneEngine, cancellationToken);

    /// <summary>Starts the server with room for the given number of connections.</summary>
    /// <exception cref="DatabaseStartException">The message is one sentence for the operator.</exception>
    public static async Task<PrivatePostgres> StartAsync(string programs, string dataFolder, int maxConnections, CancellationToken cancellationToken)
    {
        var home = Path.Combine(Path.GetFullPath(dataFolder), "postgres");
        var data = Path.Combine(home, "data");
        var runAs = Environment.UserName == "root" ? await FindAccountAsync(data, cancellationToken) : null;
        DataFolder.Make(dataFolder, othersPass: runAs is not null);
        DataFolder.Make(home);
        var folderLock = Lock(Path.Combine(dataFolder, "lock"), dataFolder);
        var socketFolder = SocketFolder(home);
        if (runAs is not null)
        {
            await MustRunAsync("chown", ["-R", runAs.User, home, socketFolder], "cannot give the database folder to an unprivileged user", cancellationToken);
            await MustBeReachableAsync(home, runAs, cancellationToken);
        }

        var server = new PrivatePostgres(programs, data, socketFolder, runAs, folderLock, maxConnections);
        try
        {
            await server.CreateAndStartAsync(cancellationToken);
            return server;
        }
        catch
        {
            // What has started without its service would keep the folder.
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Restarts the server if it is not running; false if it was running.</summary>
    /// <exception cref="DatabaseStartException">The message is one sentence for the operator.</exception>
    public async Task<bool> ReviveAsync(CancellationToken cancellationToken) => await StartUnlessRunningAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        // Not the caller's token: the server must be stopped even though the host is stopping.
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await RunAsUserAsync(PathOf("pg_ctl"), ["stop", "-D", data, "-m", "fast", "-w", "-t", "25"], bound.Token);
        await folderLock.DisposeAsync();
    }

    private async Task CreateAndStartAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(data, "PG_VERSION")))
        {
            string[] arguments = ["-D", data, "-U", PostgresRules.Role, "--auth-local=peer", "--auth-host=reject", "-E", "UTF8", "--locale=C"];
            // Not cancelled half-way: what it had made would look like data.
            await MustRunAsUserAsync(PathOf("initdb"), arguments, CancellationToken.None);
            cancellationToken.ThrowIfCancellationRequested();
        }

        if (!await StartUnlessRunningAsync(cancellationToken))
        {
            // An older version may have started it with its own rules.
            await WriteRulesAsync(cancellationToken);
            await MustRunAsUserAsync(PathOf("pg_ctl"), ["reload", "-D", data], cancellationToken);
        }
    }

    private async Task<bool> StartUnlessRunningAsync(CancellationToken cancellationToken)
    {
        if (await processes.IsRunningAsync(cancellationToken))
        {
            return false;
        }

        await WriteRulesAsync(cancellationToken);
        // The path of the socket folder must fit the kernel's limit (107 bytes); no TCP at all.
        var options = $"-c listen_addresses='' -c unix_socket_directories='{socketFolder}' -c unix_socket_permissions=0700 "
            + $"-c max_connections={maxConnections.ToString(CultureInfo.InvariantCulture)} -c shared_buffers=128MB -c max_wal_size=1GB";
        var log = Path.Combine(data, "server.log");
        // Not cancelled half-way: the server would come up behind it, and could not be stopped before it has its file.
        await MustRunAsUserAsync(PathOf("pg_ctl"), ["start", "-D", data, "-w", "-t", "60", "-l", log, "-o", options], CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        return true;
    }

    private Task WriteRulesAsync(CancellationToken cancellationToken) =>
        MustRunAsUserAsync("sh", PostgresRules.ScriptArguments(data, Environment.UserName), cancellationToken);

    private static FileStream Lock(string path, string dataFolder)
    {
        try
        {
            var held = new FileStream(path, DataFolder.Own(FileMode.OpenOrCreate));
            if (!OperatingSystem.IsWindows())
            {
                // A file left by an older version is open to others, who could hold it.
                File.SetUnixFileMode(held.SafeFileHandle, DataFolder.OwnFile);
            }

            return held;
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new DatabaseStartException(
                $"The file {path} does not belong to this user ({exception.Message}): give it the data folder, or set Forwarder__DataFolder to "
                    + "another folder.");
        }
        catch (IOException)
        {
            throw new DatabaseStartException(
                $"Another SiemForwarder uses the data folder {dataFolder}: stop it, set Forwarder__DataFolder to another folder, or let both share one "
                    + "PostgreSQL through ConnectionStrings__Forwarder.");
        }
    }

    private static string SocketFolder(string home)
    {
        var folder = Path.Combine(home, "run");
        if (folder.Length > 80)
        {
            var name = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(home)))[..12];
            folder = Path.Combine(Path.GetTempPath(), $"siemforwarder-{name}");
        }

        DataFolder.Make(folder);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, DataFolder.OwnFolder);
        }

        return folder;
    }

    /// <summary>The owner of existing data; otherwise a dedicated account, if the machine has one.</summary>
    private static async Task<Account> FindAccountAsync(string data, CancellationToken cancellationToken)
    {
        var (_, owner) = await ChildProgram.RunAsync("stat", ["-c", "%U", data], cancellationToken);
        foreach (var user in Directory.Exists(data) && owner is not ("root" or "UNKNOWN") ? [owner] : Accounts)
        {
            var (code, group) = await ChildProgram.RunAsync("id", ["-g", user], cancellationToken);
            if (code == 0)
            {
                return new Account(user, group);
            }
        }

        return new Account("nobody", "nogroup");
    }

    private string PathOf(string program) => Path.Combine(programs, program);

    private Task<(int ExitCode, string Output)> RunAsUserAsync(string program, string[] arguments, CancellationToken cancellationToken) => runAs is null
        ? ChildProgram.RunAsync(program, arguments, cancellationToken)
        : ChildProgram.RunAsync("setpriv", [$"--reuid={runAs.User}", $"--regid={runAs.GroupId}", "--clear-groups", program, .. arguments], cancellationToken);

    private async Task MustRunAsUserAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        var (code, output) = await RunAsUserAsync(program, arguments, cancellationToken);
        ThrowUnlessZero(code, $"{Path.GetFileName(program)} failed", output);
    }

    /// <summary>The server runs as a different user than the service: every folder above its data must be accessible to that user.</summary>
    private static async Task MustBeReachableAsync(string home, Account account, CancellationToken cancellationToken)
    {
        var folders = new Stack<string>();
        for (var folder = home; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            folders.Push(folder);
        }

        foreach (var folder in folders)
        {
            var (code, _) = await ChildProgram.RunAsync(
                "setpriv", [$"--reuid={account.User}", $"--regid={account.GroupId}", "--clear-groups", "test", "-x", folder], cancellationToken);
            if (code != 0)
            {
                throw new DatabaseStartException(
                    $"The private PostgreSQL runs as user '{account.User}', which cannot enter {folder}: run chmod o+x {folder}, set Forwarder__DataFolder to "
                        + "another folder, or set ConnectionStrings__Forwarder to a PostgreSQL.");
            }
        }
    }

    private static async Task MustRunAsync(string program, string[] arguments, string failure, CancellationToken cancellationToken)
    {
        var (code, output) = await ChildProgram.RunAsync(program, arguments, cancellationToken);
        ThrowUnlessZero(code, failure, output);
    }

    private static void ThrowUnlessZero(int code, string failure, string output)
    {
        if (code != 0)
        {
            throw new DatabaseStartException(string.Create(
                CultureInfo.InvariantCulture,
                $"The private PostgreSQL could not be started ({failure}, exit code {code}): {output} Fix this, or set ConnectionStrings__Forwarder."));
        }
    }

    /// <summary>The user that the server runs as, with its group by number or name.</summary>
    private sealed record Account(string User, string GroupId);
}
