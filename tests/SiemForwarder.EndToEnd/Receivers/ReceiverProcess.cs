using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>A real receiver as a child process without privileges, in a folder of its own, that writes what it understood as lines of JSON.</summary>
internal sealed class ReceiverProcess : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly StringBuilder errors = new();
    private Process? process;

    /// <summary>User and group that the program runs as, where the tests run as root; nobody unless said otherwise.</summary>
    public (string User, string Group) RunsAs { get; init; } = ("65534", "65534");

    public string Folder { get; } = Directory.CreateTempSubdirectory("siemforwarder-receiver").FullName;

    public void Write(string name, string text) => File.WriteAllText(Path.Combine(Folder, name), text.ReplaceLineEndings("\n"));

    public string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>Starts the program and waits until it listens on a port.</summary>
    public async Task StartAsync(string program, string arguments, IReadOnlyDictionary<string, string> environment, int port, CancellationToken cancellationToken)
    {
        OpenFolderToTheUnprivileged();
        var start = new ProcessStartInfo { WorkingDirectory = Folder, RedirectStandardError = true, RedirectStandardOutput = true };
        if (Environment.IsPrivilegedProcess && File.Exists("/usr/bin/setpriv"))
        {
            start.FileName = "/usr/bin/setpriv";
            start.Arguments = $"--reuid={RunsAs.User} --regid={RunsAs.Group} --clear-groups {program} {arguments}";
        }
        else
        {
            start.FileName = program;
            start.Arguments = arguments;
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var timer = new PeriodicTimer(Look);
        do
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"{program} ended: {Said()}");
            }
        }
        while (!IsListening(port) && await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>The lines of its output that contain a text, as soon as there are so many.</summary>
    public async Task<IReadOnlyList<JsonElement>> ReadAsync(string name, int count, CancellationToken cancellationToken, string text = "")
    {
        using var timer = new PeriodicTimer(Look);
        var lines = Array.Empty<string>();
        try
        {
            do
            {
                lines = File.Exists(PathOf(name)) ? [.. ReadWholeLines(PathOf(name)).Where(line => line.Contains(text, StringComparison.Ordinal))] : [];
            }
            while (lines.Length < count && await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            throw new InvalidOperationException($"{name}: {lines.Length} of {count} lines came. The receiver said: {Said()}");
        }

        return [.. lines.Select(line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>Kills the program; it may be started again on what it wrote.</summary>
    public async Task KillAsync()
    {
        if (process is not null)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
            process = null;
        }
    }

    /// <summary>Waits until nobody listens on a port any more: a child of the killed program may die a little later.</summary>
    public static async Task WaitUntilClosedAsync(int port, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Look);
        while (IsListening(port))
        {
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private static string[] ReadWholeLines(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var text = reader.ReadToEnd();
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    // Asked of the system: a connection that is opened and dropped for a look is a broken TLS handshake to a receiver, and some do not bear it.
    private static bool IsListening(int port) =>
        IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(listener => listener.Port == port);

    private string Said()
    {
        lock (errors)
        {
            return errors.ToString();
        }
    }

    private void Note(string? line)
    {
        lock (errors)
        {
            errors.AppendLine(line);
        }
    }

    private void OpenFolderToTheUnprivileged()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        File.SetUnixFileMode(Folder, (UnixFileMode)511);
        // What the program itself wrote may have to be hidden from others.
        foreach (var file in Directory.GetFiles(Folder).Where(file => !Path.GetFileName(file).StartsWith('.')))
        {
            File.SetUnixFileMode(file, (UnixFileMode)420);
        }
    }
}
