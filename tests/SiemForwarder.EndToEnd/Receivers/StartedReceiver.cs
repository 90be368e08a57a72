using System.Diagnostics;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>One of the real receivers that lie beside the repository, started on a free port and stopped at the end.</summary>
public abstract class StartedReceiver(string name) : IAsyncLifetime
{
    private static readonly string Script = Path.GetFullPath(Path.Combine(FindRoot(), "..", "shared", "receivers", "start.sh"));

    // Unpacked and written where they ran before, so a second start takes seconds.
    private static readonly TimeSpan MaxStartLength = TimeSpan.FromMinutes(3);

    private readonly List<string> output = [];
    private Process? process;

    /// <summary>Why it cannot run here; null where it can.</summary>
    public string? Missing { get; } = !File.Exists(Script) ? "shared/receivers is not on this machine"
        : name == "opensearch" && !File.Exists("/usr/bin/java") ? "OpenSearch needs Java 17" : null;

    public string Folder { get; } = Directory.CreateTempSubdirectory("siemforwarder-" + name).FullName;

    public int Port { get; } = LoopbackPorts.Next();

    protected HttpClient Client { get; } = new();

    public async ValueTask InitializeAsync()
    {
        if (Missing is not null)
        {
            return;
        }

        var started = new Process
        {
            StartInfo = new ProcessStartInfo("/bin/bash", $"{Script} {name} {Port} {Folder}") { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        started.OutputDataReceived += (_, line) => Note(line.Data);
        started.ErrorDataReceived += (_, line) => Note(line.Data);
        started.Start();
        started.BeginOutputReadLine();
        started.BeginErrorReadLine();
        process = started;

        using var limit = new CancellationTokenSource(MaxStartLength);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        do
        {
            Assert.False(started.HasExited, $"{name} ended: {Said}");
        }
        while (!await IsReadyAsync(limit.Token) && await timer.WaitForNextTickAsync(limit.Token));

        await PrepareAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (process is not null)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Client.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>A request that is answered with success once it is ready.</summary>
    protected abstract HttpRequestMessage Readiness();

    protected virtual Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected static string FileOf(string name) => Path.Combine(Path.GetDirectoryName(Script)!, name);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder.Parent is not null && !File.Exists(Path.Combine(folder.FullName, "SiemForwarder.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }

    private string Said
    {
        get
        {
            lock (output)
            {
                return string.Join('\n', output.TakeLast(20));
            }
        }
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var request = Readiness();
            using var answer = await Client.SendAsync(request, cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void Note(string? line)
    {
        lock (output)
        {
            output.Add(line ?? "");
        }
    }
}
