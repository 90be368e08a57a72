using System.Diagnostics;
using System.Globalization;
using Npgsql;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.Reliability.Bench;

/// <summary>A PostgreSQL server of one scenario, on a unix socket, to be killed, starved and started again.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private static readonly string? Programs = PostgresPrograms.FindFolder();
    private static readonly SemaphoreSlim MakingTemplate = new(1, 1);
    private static string? template;

    private readonly string home;
    private readonly string options;
    private int postmasterId;

    private PostgresServer(string home, string options)
    {
        this.home = home;
        this.options = options;
        ConnectionString = $"Host={home}/run;Username=siemforwarder;Database=postgres;Maximum Pool Size=30;Timeout=5;Include Error Detail=true";
        Source = NpgsqlDataSource.Create($"{ConnectionString};Pooling=false");
    }

    /// <summary>Whether this machine has the server programs.</summary>
    public static bool IsAvailable => Programs is not null;

    public string ConnectionString { get; }

    /// <summary>Connections for the judge, each opened anew.</summary>
    public NpgsqlDataSource Source { get; }

    public string DataFolder => $"{home}/data";

    /// <summary>Copies a fresh data folder and starts a server on it.</summary>
    /// <param name="folder">An empty folder; it may be a file system of its own.</param>
    /// <param name="settings">Further settings in the form <c>name=value</c>.</param>
    public static async Task<PostgresServer> StartAsync(string folder, IEnumerable<string> settings, CancellationToken cancellationToken)
    {
        await MakeTemplateAsync(cancellationToken);
        var home = Path.Combine(folder, "pg");
        Directory.CreateDirectory($"{home}/run");
        await MustAsync("cp", ["-a", template!, $"{home}/data"], cancellationToken);
        await GiveAsync(home, cancellationToken);
        string[] all =
            ["listen_addresses=", $"unix_socket_directories={home}/run", "shared_buffers=32MB", "logging_collector=off", .. settings];
        var server = new PostgresServer(home, string.Join(' ', all.Select(one => $"-c {one}")));
        await server.StartAgainAsync(cancellationToken);
        return server;
    }

    /// <summary>Starts it again after it was stopped or killed.</summary>
    public async Task StartAgainAsync(CancellationToken cancellationToken)
    {
        await ControlAsync(["start", "-t", "60", "-l", $"{home}/run/server.log", "-o", options], cancellationToken);
        postmasterId = int.Parse(File.ReadLines($"{DataFolder}/postmaster.pid").First(), CultureInfo.InvariantCulture);
    }

    /// <summary>A standby that follows this server, in a folder of its own.</summary>
    public async Task<PostgresServer> AddStandbyAsync(string folder, CancellationToken cancellationToken)
    {
        var standbyHome = Path.Combine(folder, "standby");
        Directory.CreateDirectory($"{standbyHome}/run");
        await GiveAsync(standbyHome, cancellationToken);
        await CopyRunningAsync($"{standbyHome}/data", ["-R"], cancellationToken);
        var standby = new PostgresServer(standbyHome, options.Replace($"unix_socket_directories={home}/run", $"unix_socket_directories={standbyHome}/run", StringComparison.Ordinal));
        await standby.StartAgainAsync(cancellationToken);
        return standby;
    }

    /// <summary>Copies the data of the running server, as a backup does.</summary>
    public Task BackUpAsync(string folder, CancellationToken cancellationToken)
    {
        // The server may run as another user, who has to get there.
        var above = Path.GetDirectoryName(folder)!;
        Directory.CreateDirectory(above);
        File.SetUnixFileMode(above, (UnixFileMode)0b111_111_111);
        return CopyRunningAsync(folder, [], cancellationToken);
    }

    /// <summary>A running <c>pg_dump</c> whose output nobody reads yet: it holds its locks until somebody does.</summary>
    public Process StartDump() => Process.Start(new ProcessStartInfo(
        PathOf("pg_dump"), ["--host", $"{home}/run", "--username", "siemforwarder", "--dbname", "postgres"])
    {
        RedirectStandardOutput = true,
    })!;

    /// <summary>Replaces the data of the stopped server by that of a backup.</summary>
    public async Task RestoreAsync(string folder, CancellationToken cancellationToken)
    {
        Directory.Delete(DataFolder, recursive: true);
        await MustAsync("cp", ["-a", folder, DataFolder], cancellationToken);
        await GiveAsync(home, cancellationToken);
    }

    /// <summary>A standby follows no more, and takes no notice of it: what its primary commits from now on it does not have.</summary>
    public async Task StopFollowingAsync(CancellationToken cancellationToken)
    {
        await ExecuteAsync("ALTER SYSTEM SET primary_conninfo = ''", cancellationToken);
        await ExecuteAsync("SELECT pg_reload_conf()", cancellationToken);
    }

    /// <summary>A standby becomes the primary.</summary>
    public Task PromoteAsync(CancellationToken cancellationToken) => ExecuteAsync("SELECT pg_promote(true, 60)", cancellationToken);

    /// <summary>Whoever connects to the address of a killed server meets this one.</summary>
    public void TakeAddressOf(PostgresServer killed)
    {
        File.Delete($"{killed.home}/run/.s.PGSQL.5432");
        File.Delete($"{killed.home}/run/.s.PGSQL.5432.lock");
        File.CreateSymbolicLink($"{killed.home}/run/.s.PGSQL.5432", $"{home}/run/.s.PGSQL.5432");
    }

    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Stops it in order, dropping all connections.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => ControlAsync(["stop", "-m", "fast", "-t", "30"], cancellationToken);

    /// <summary>Kills the server and all its processes without any warning.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        if (FindPostmaster() is not { } postmaster)
        {
            return;
        }

        var children = ChildrenOf(postmaster.Id).ToList();
        postmaster.Kill();
        foreach (var child in children)
        {
            KillIfThere(child);
        }

        await postmaster.WaitForExitAsync(cancellationToken);
        while (children.Exists(child => Directory.Exists($"/proc/{child}")))
        {
            await Task.Delay(20, cancellationToken);
        }

        postmaster.Dispose();
    }

    /// <summary>Whether its main process lives.</summary>
    public bool IsRunning
    {
        get
        {
            using var postmaster = FindPostmaster();
            return postmaster is { HasExited: false };
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await Source.DisposeAsync();
        await KillAsync(bound.Token);
    }

    /// <summary>Runs a program of the system; its failure is an exception.</summary>
    public static async Task MustAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var (code, output) = await ChildProgram.RunAsync(program, arguments, cancellationToken);
        if (code != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {output}");
        }
    }

    private static async Task MakeTemplateAsync(CancellationToken cancellationToken)
    {
        await MakingTemplate.WaitAsync(cancellationToken);
        try
        {
            if (template is not null)
            {
                return;
            }

            var folder = Path.Combine(Path.GetTempPath(), $"siemforwarder-reliability-{Environment.ProcessId}-template");
            Directory.CreateDirectory(folder);
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
            await GiveAsync(folder, cancellationToken);
            // Small segments of the write-ahead log, so that a small disk is full soon.
            string[] arguments = ["-D", $"{folder}/data", "-U", "siemforwarder", "-A", "trust", "-E", "UTF8", "--locale=C", "--wal-segsize=1", "-N"];
            await AsOwnerAsync("initdb", arguments, cancellationToken);
            template = $"{folder}/data";
        }
        finally
        {
            MakingTemplate.Release();
        }
    }

    private Task CopyRunningAsync(string folder, string[] more, CancellationToken cancellationToken) =>
        AsOwnerAsync("pg_basebackup", ["-h", $"{home}/run", "-U", "siemforwarder", "-D", folder, "-c", "fast", "-X", "stream", .. more], cancellationToken);

    private Process? FindPostmaster()
    {
        // Not from the file: its file system may be shut down.
        try
        {
            return postmasterId == 0 ? null : Process.GetProcessById(postmasterId);
        }
        catch (ArgumentException)
        {
            // It has ended; there is nothing to kill.
            return null;
        }
    }

    private static IEnumerable<int> ChildrenOf(int parent)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) && ReadStat(folder) is { } stat)
            {
                // After the name in parentheses: state, then the parent.
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                if (int.Parse(fields[1], CultureInfo.InvariantCulture) == parent)
                {
                    yield return id;
                }
            }
        }
    }

    private static string? ReadStat(string folder)
    {
        try
        {
            return File.ReadAllText($"{folder}/stat");
        }
        catch (IOException)
        {
            // A process that ended while we looked.
            return null;
        }
    }

    private static void KillIfThere(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // Gone with its parent.
            return;
        }
    }

    private Task ControlAsync(IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        AsOwnerAsync("pg_ctl", [.. arguments, "-D", DataFolder, "-w"], cancellationToken);

    private static Task AsOwnerAsync(string program, string[] arguments, CancellationToken cancellationToken) => Environment.UserName == "root"
        ? MustAsync("setpriv", ["--reuid=nobody", "--regid=nogroup", "--clear-groups", PathOf(program), .. arguments], cancellationToken)
        : MustAsync(PathOf(program), arguments, cancellationToken);

    private static string PathOf(string program)
    {
        var path = Path.Combine(Programs!, program);
        // The server's programs may be linked there, and the clients not.
        return File.Exists(path)
            ? path
            : Path.Combine(Path.GetDirectoryName(new FileInfo(Path.Combine(Programs!, "initdb")).ResolveLinkTarget(true)?.FullName) ?? Programs!, program);
    }

    private static Task GiveAsync(string folder, CancellationToken cancellationToken) =>
        Environment.UserName == "root" ? MustAsync("chown", ["-R", "nobody:nogroup", folder], cancellationToken) : Task.CompletedTask;
}
