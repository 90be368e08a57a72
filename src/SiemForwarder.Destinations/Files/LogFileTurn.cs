using System.Globalization;
using System.Text;

namespace SiemForwarder.Destinations.Files;

/// <summary>A writer's turn on a file, and the record of which renamed files are ours: the hidden file <c>.name.lock</c> beside it.</summary>
/// <remarks>A renamed file keeps its size and the time of its last line, by which it is recognized under any number.</remarks>
internal sealed class LogFileTurn : IAsyncDisposable
{
    private const string Heading = "siemforwarder 1";
    private const int MaxBytes = 1024 * 1024;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly FileStream file;
    private readonly HashSet<string> ours = new(StringComparer.Ordinal);

    private LogFileTurn(FileStream file, bool remembers, bool isFirst)
    {
        this.file = file;
        (Remembers, IsFirst) = (remembers, isFirst);
    }

    /// <summary>False if an older version wrote here, which kept no record.</summary>
    public bool Remembers { get; }

    /// <summary>Whether nobody had a turn before.</summary>
    public bool IsFirst { get; }

    /// <summary>Waits for the turn.</summary>
    /// <exception cref="LinkException">The lock file is a link.</exception>
    public static async Task<LogFileTurn> TakeAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            RefuseLink(path);
            if (Open(path) is { } taken)
            {
                return taken;
            }

            await Task.Delay(Look, time, cancellationToken);
        }
    }

    /// <summary>Whether a file was renamed by this rotation.</summary>
    public bool Knows(string path) => new FileInfo(path) is { Exists: true, LinkTarget: null } info && ours.Contains(Mark(info));

    /// <summary>Records these files in addition to those already known; files that no longer exist are dropped.</summary>
    /// <param name="files">Files that are ours from now on.</param>
    /// <param name="beside">All files that may already be known.</param>
    public void Remember(IEnumerable<string> files, IEnumerable<string> beside)
    {
        var marks = files.Concat(beside.Where(Knows)).Select(path => Mark(new FileInfo(path))).ToList();
        ours.Clear();
        ours.UnionWith(marks);
        Write();
    }

    public ValueTask DisposeAsync() => file.DisposeAsync();

    private static LogFileTurn? Open(string path)
    {
        try
        {
            // With CreateNew an existing name is never followed, not even as a link.
            var made = new LogFileTurn(new FileStream(path, Options(FileMode.CreateNew)), remembers: true, isFirst: true);
            made.Write();
            return made;
        }
        catch (IOException) when (File.Exists(path))
        {
            return OpenExisting(path);
        }
    }

    private static LogFileTurn? OpenExisting(string path)
    {
        FileStream? file = null;
        try
        {
            file = new FileStream(path, Options(FileMode.Open));
            RefuseLink(path);
            var lines = Read(file);
            var turn = new LogFileTurn(file, lines.FirstOrDefault() == Heading, isFirst: false);
            turn.ours.UnionWith(lines.Skip(1));
            file = null;
            return turn;
        }
        catch (IOException) when (file is null && File.Exists(path))
        {
            // Another writer has the turn.
            return null;
        }
        finally
        {
            file?.Dispose();
        }
    }

    private static string[] Read(FileStream file)
    {
        var bytes = new byte[(int)Math.Min(file.Length, MaxBytes)];
        file.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static FileStreamOptions Options(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows() && mode == FileMode.CreateNew)
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }

    private static void RefuseLink(string path)
    {
        if (new FileInfo(path).LinkTarget is not null)
        {
            throw new LinkException(path);
        }
    }

    private static string Mark(FileInfo file) =>
        string.Create(CultureInfo.InvariantCulture, $"{file.Length} {file.LastWriteTimeUtc.Ticks}");

    private void Write()
    {
        var text = Encoding.UTF8.GetBytes(string.Join('\n', ours.Prepend(Heading)) + "\n");
        file.Position = 0;
        file.Write(text);
        file.SetLength(text.Length);
        file.Flush(flushToDisk: true);
    }
}

/// <summary>A name in the folder for files is a symbolic link.</summary>
internal sealed class LinkException(string path) : Exception($"{path} is a symbolic link.")
{
    public string Path => path;
}

/// <summary>A file that rotation did not create occupies a name that rotation would overwrite.</summary>
internal sealed class ForeignFileException(string path) : Exception($"{path} was not created by rotation.")
{
    public string Path => path;
}
