using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>The service as a real process with a data folder of its own, to be killed and started again.</summary>
internal sealed class ForwarderProcess : IAsyncDisposable
{
    private const string Configuration = "postgresql.conf";
    private const string HeldConfiguration = "postgresql.conf.held";
    private static readonly TimeSpan StartBound = TimeSpan.FromSeconds(90);
    private readonly StringBuilder output = new();
    private readonly IReadOnlyDictionary<string, string> settings;

    public ForwarderProcess(string dataFolder, IReadOnlyDictionary<string, string>? settings = null)
    {
        DataFolder = dataFolder;
        this.settings = settings ?? new Dictionary<string, string>();
        Port = LoopbackPorts.Next();
        Api = AdminKey.NewClient(new Uri($"http://127.0.0.1:{Port}"));
    }

    public string DataFolder { get; }

    /// <summary>What runs the program; its path is appended.</summary>
    public IReadOnlyList<string> Command { get; init; } = ["dotnet"];

    /// <summary>The program; that of this build unless said otherwise.</summary>
    public string Program { get; set; } = Path.Combine(AppContext.BaseDirectory, "SiemForwarder.Service.dll");

    public int Port { get; }

    public HttpClient Api { get; }

    public Process? Process { get; private set; }

    private string PidFile => Path.Combine(DataFolder, "postgres", "data", "postmaster.pid");

    /// <summary>The private database, over its unix socket.</summary>
    public string ConnectionString => $"Host={Path.Combine(DataFolder, "postgres", "run")};Username=siemforwarder;Database=postgres;Maximum Pool Size=4";

    public string Output
    {
        get
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    /// <summary>Starts the process and waits until it is ready.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Launch();
        await WaitUntilReadyAsync(cancellationToken);
    }

    /// <summary>Starts a process that is expected to end by itself; its exit code.</summary>
    public async Task<int> RunToEndAsync(CancellationToken cancellationToken)
    {
        Launch();
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(StartBound);
        await Process!.WaitForExitAsync(bound.Token);
        return Process.ExitCode;
    }

    private void Launch()
    {
        var start = new ProcessStartInfo(Command[0], [.. Command.Skip(1), Program])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["Forwarder__DataFolder"] = DataFolder;
        start.Environment["Forwarder__Access__AdminKeyFile"] = AdminKey.File;
        start.Environment["ASPNETCORE_URLS"] = Api.BaseAddress!.ToString();
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        Process = System.Diagnostics.Process.Start(start)!;
        Process.OutputDataReceived += Keep;
        Process.ErrorDataReceived += Keep;
        Process.BeginOutputReadLine();
        Process.BeginErrorReadLine();
    }

    /// <summary>Kills the process without any warning, as kill -9 does, and waits until it is gone; its database goes on.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        Process!.Kill();
        await Process.WaitForExitAsync(cancellationToken);
    }

    /// <summary>Kills the private database without any warning, as a power failure does to it, and waits until none of its processes is left.</summary>
    public async Task KillDatabaseAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(PidFile))
        {
            return;
        }

        var lines = await File.ReadAllLinesAsync(PidFile, cancellationToken);
        try
        {
            using var postmaster = System.Diagnostics.Process.GetProcessById(int.Parse(lines[0], System.Globalization.CultureInfo.InvariantCulture));
            postmaster.Kill();
            await postmaster.WaitForExitAsync(cancellationToken);
        }
        catch (ArgumentException)
        {
            return;
        }
    }

    public async Task<JsonNode> PostAsync(string path, object? body, CancellationToken cancellationToken)
    {
        using var response = await Api.PostAsJsonAsync(path, body ?? new { }, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{path}: {(int)response.StatusCode} {text}");
    }

    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken) =>
        JsonNode.Parse(await Api.GetStringAsync(path, cancellationToken))!;

    /// <summary>Ends the private database at once, and keeps the service from starting it again until it is let.</summary>
    public async Task HoldDatabaseAsync(CancellationToken cancellationToken)
    {
        var data = Path.Combine(DataFolder, "postgres", "data");
        File.Move(Path.Combine(data, Configuration), Path.Combine(data, HeldConfiguration));
        string[] command = [Path.Combine(PostgresPrograms.FindFolder()!, "pg_ctl"), "stop", "-m", "immediate", "-D", data, "-w"];
        var (_, owner) = await ChildProgram.RunAsync("stat", ["-c", "%u %g", data], cancellationToken);
        var (user, group) = (owner.Split(' ')[0], owner.Split(' ')[1]);
        var (code, output) = Environment.UserName == "root"
            ? await ChildProgram.RunAsync("setpriv", [$"--reuid={user}", $"--regid={group}", "--clear-groups", .. command], cancellationToken)
            : await ChildProgram.RunAsync(command[0], command[1..], cancellationToken);
        if (code != 0)
        {
            throw new InvalidOperationException($"pg_ctl: {output}");
        }
    }

    /// <summary>Lets the service start the database that was held; it does so by itself.</summary>
    public void LetDatabaseStart()
    {
        var data = Path.Combine(DataFolder, "postgres", "data");
        File.Move(Path.Combine(data, HeldConfiguration), Path.Combine(data, Configuration));
    }

    /// <summary>Asks until the answer is as wanted; the caller's token bounds it.</summary>
    public async Task<JsonNode> WaitForAsync(string path, Func<JsonNode, bool> isSo, CancellationToken cancellationToken)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        JsonNode? last = null;
        try
        {
            do
            {
                last = await GetAsync(path, cancellationToken);
            }
            while (!isSo(last) && await tick.WaitForNextTickAsync(cancellationToken));
            return last;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{path} did not become as wanted; last: {last?.ToJsonString()}");
        }
    }

    /// <summary>Stops the process in order, so that it stops its database.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        using var signal = System.Diagnostics.Process.Start("kill", ["-TERM", $"{Process!.Id}"]);
        await signal.WaitForExitAsync(cancellationToken);
        await Process.WaitForExitAsync(cancellationToken);
    }

    /// <summary>Stops the process in order and removes the data folder.</summary>
    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        if (Process is { HasExited: false })
        {
            await StopAsync(bound.Token);
        }

        // Where a test left the service killed, its database is still there.
        await KillDatabaseAsync(bound.Token);
        Process?.Dispose();
        Directory.Delete(DataFolder, recursive: true);
    }

    /// <summary>Waits until the service says that it is ready.</summary>
    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(StartBound);
        while (true)
        {
            if (Process!.HasExited || bound.IsCancellationRequested)
            {
                throw new InvalidOperationException($"The service did not get ready: {Output}");
            }

            try
            {
                using var response = await Api.GetAsync("/health/ready", bound.Token);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
            {
                lock (output)
                {
                    output.AppendLine(exception.Message);
                }
            }

            await Task.Delay(100, cancellationToken);
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (output)
        {
            output.AppendLine(line.Data);
        }
    }

    /// <summary>A fresh data folder that another user (the database's) may enter.</summary>
    public static string NewFolder()
    {
        var folder = Directory.CreateTempSubdirectory("siemforwarder-run-").FullName;
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        }

        return folder;
    }
}
