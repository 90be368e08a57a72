using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>The service as a real process with a data folder of its own, to be killed and started again.</summary>
internal sealed class ForwarderProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartBound = TimeSpan.FromSeconds(90);
    private readonly StringBuilder output = new();
    private readonly IReadOnlyDictionary<string, string> settings;

    public ForwarderProcess(string dataFolder, IReadOnlyDictionary<string, string>? settings = null)
    {
        DataFolder = dataFolder;
        this.settings = settings ?? new Dictionary<string, string>();
        Port = FreePort();
        Api = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{Port}") };
    }

    public string DataFolder { get; }

    public int Port { get; }

    public HttpClient Api { get; }

    public Process? Process { get; private set; }

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
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "SiemForwarder.Service.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["Forwarder__DataFolder"] = DataFolder;
        start.Environment["ASPNETCORE_URLS"] = Api.BaseAddress!.ToString();
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        Process = Process.Start(start)!;
        Process.OutputDataReceived += Keep;
        Process.ErrorDataReceived += Keep;
        Process.BeginOutputReadLine();
        Process.BeginErrorReadLine();
        await WaitUntilReadyAsync(cancellationToken);
    }

    /// <summary>Kills the process without any warning, as kill -9 does, and waits until it is gone; its database goes on.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        Process!.Kill();
        await Process.WaitForExitAsync(cancellationToken);
    }

    public async Task<JsonNode> PostAsync(string path, object? body, CancellationToken cancellationToken)
    {
        using var response = await Api.PostAsJsonAsync(path, body ?? new { }, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        return response.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw new InvalidOperationException($"{path}: {(int)response.StatusCode} {text}");
    }

    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken) =>
        JsonNode.Parse(await Api.GetStringAsync(path, cancellationToken))!;

    /// <summary>Stops the process in order, so that it stops its database, and removes the data folder.</summary>
    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        if (Process is { HasExited: false })
        {
            using var signal = Process.Start("kill", ["-TERM", $"{Process.Id}"]);
            await signal.WaitForExitAsync(bound.Token);
            await Process.WaitForExitAsync(bound.Token);
        }

        Process?.Dispose();
        Directory.Delete(DataFolder, recursive: true);
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
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

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
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
