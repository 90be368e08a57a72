using System.Security;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Files;

/// <summary>A file of complete lines: appended to under a lock, synced before success is reported, rotated by renaming.</summary>
/// <param name="root">The operator's folder; it must exist.</param>
/// <param name="path">Full path below it; missing folders in between are created.</param>
/// <param name="maxBytes">Size that the file does not exceed, unless a single batch is larger.</param>
/// <param name="keep">How many renamed files to keep.</param>
internal sealed class LogFile(string root, string path, long maxBytes, int keep)
{
    private const int DiskFullOfUnix = 28;
    private const int DiskFullOfWindows = unchecked((int)0x80070070);
    private const int BlockBytes = 4 * 1024;

    public string Path => path;

    /// <summary>Appends lines, all terminated. If this returns no fault, they are on disk; if it does, none of them is in the
    /// file.</summary>
    public async Task<Fault?> AppendAsync(ReadOnlyMemory<byte> lines, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        using var bound = new TimeBound(timeout, time, cancellationToken);
        try
        {
            if (!Directory.Exists(root))
            {
                return new Fault(
                    ErrorCategory.Configuration, $"the folder {root} does not exist on this engine.",
                    "Create it, or correct Forwarder__FileDestination__Folder.", NeedsChange: true);
            }

            if (FindLink() is { } link)
            {
                return Link(link);
            }

            Directory.CreateDirectory(Folder);
            await using var turn = await LogFileTurn.TakeAsync(
                System.IO.Path.Combine(Folder, $".{System.IO.Path.GetFileName(path)}.lock"), time, bound.Token);
            if (turn.IsFirst || !turn.Remembers || !File.Exists(path))
            {
                RefuseForeign(turn);
            }

            await WriteAsync(lines, turn, cancellationToken);
            return null;
        }
        catch (LinkException exception)
        {
            return Link(exception.Path);
        }
        catch (ForeignFileException exception)
        {
            return new Fault(
                ErrorCategory.Configuration, $"{exception.Path} was not created by this file's rotation, which would overwrite it.",
                "Move it elsewhere, or choose another name for the file.", NeedsChange: true);
        }
        catch (OperationCanceledException) when (bound.IsOver)
        {
            return new Fault(
                ErrorCategory.Timeout, $"another writer locked {path} for {timeout.TotalSeconds:0.##} s.",
                "Give each integration a file of its own.");
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or SecurityException)
        {
            return new Fault(
                ErrorCategory.Authorization, $"the engine's user '{Environment.UserName}' has no permission to write {path}.",
                "Allow it to create, rename and write files in that folder.", NeedsChange: true);
        }
        catch (IOException exception) when (exception.HResult is DiskFullOfUnix or DiskFullOfWindows)
        {
            return new Fault(ErrorCategory.ServerError, $"the disk that holds {path} is full.", "Free some space there, or keep fewer or smaller files.");
        }
        catch (IOException exception)
        {
            return new Fault(ErrorCategory.ServerError, $"{path} could not be written: {OneLine.Of(exception.Message, 160)}",
                "Check the disk of this engine.");
        }
    }

    private static Fault Link(string link) => new(
        ErrorCategory.Configuration, $"{link} is a symbolic link, which could lead outside the folder for files.",
        "Replace it with a plain file or folder, or choose another name.", NeedsChange: true);

    private string Folder => System.IO.Path.GetDirectoryName(path)!;

    private async Task WriteAsync(ReadOnlyMemory<byte> lines, LogFileTurn turn, CancellationToken cancellationToken)
    {
        var file = Open();
        try
        {
            var length = CutTornLine(file);
            if (length > 0 && length + lines.Length > maxBytes)
            {
                file.Dispose();
                Rotate(turn);
                file = Open();
                length = 0;
            }

            var complete = false;
            try
            {
                await RandomAccess.WriteAsync(file, lines, length, cancellationToken);
                RandomAccess.FlushToDisk(file);
                if (length == 0)
                {
                    FlushNames();
                }

                complete = true;
            }
            finally
            {
                if (!complete)
                {
                    RandomAccess.SetLength(file, length);
                }
            }
        }
        finally
        {
            file.Dispose();
        }
    }

    /// <summary>A new file has a new name, and so may the folders above it.</summary>
    private void FlushNames()
    {
        var top = System.IO.Path.TrimEndingDirectorySeparator(root).Length;
        for (var folder = Folder; folder.Length >= top && folder.Length > 0; folder = System.IO.Path.GetDirectoryName(folder) ?? string.Empty)
        {
            FolderSync.Flush(folder);
        }
    }

    // A partial line left by a crash was never accepted and is sent again; agents read complete lines only.
    private static long CutTornLine(SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        var block = new byte[(int)Math.Min(length, BlockBytes)];
        for (var end = length; end > 0;)
        {
            var start = Math.Max(0, end - block.Length);
            var read = RandomAccess.Read(file, block.AsSpan(0, (int)(end - start)), start);
            if (block.AsSpan(0, read).LastIndexOf((byte)'\n') is var at and >= 0)
            {
                return CutAt(file, start + at + 1, length);
            }

            end = start;
        }

        return CutAt(file, 0, length);
    }

    private static long CutAt(SafeFileHandle file, long whole, long length)
    {
        if (whole < length)
        {
            RandomAccess.SetLength(file, whole);
        }

        return whole;
    }

    private IEnumerable<string> Renamed => Enumerable.Range(1, keep).Select(number => $"{path}.{number}");

    private IEnumerable<string> Beside => Directory.EnumerateFiles(Folder, $"{System.IO.Path.GetFileName(path)}.*");

    private void RefuseForeign(LogFileTurn turn)
    {
        if (!turn.Remembers)
        {
            // Files renamed by an older version are ours: it overwrote whatever was there.
            turn.Remember(Renamed.Where(File.Exists), []);
        }

        if (Renamed.FirstOrDefault(name => System.IO.Path.Exists(name) && !turn.Knows(name)) is { } foreign)
        {
            throw new ForeignFileException(foreign);
        }
    }

    private void Rotate(LogFileTurn turn)
    {
        RefuseForeign(turn);
        // Recorded before anything is renamed, so that nothing seems foreign after a crash in between.
        turn.Remember([path], Beside);
        for (var number = keep; number > 1; number--)
        {
            if (File.Exists($"{path}.{number - 1}"))
            {
                File.Move($"{path}.{number - 1}", $"{path}.{number}", overwrite: true);
            }
        }

        File.Move(path, $"{path}.1", overwrite: true);
    }

    private SafeFileHandle Open()
    {
        if (OperatingSystem.IsWindows() || File.Exists(path))
        {
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        }

        // Readable by the group, so that an agent need not run as the same user.
        using var made = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead,
        });
        return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
    }

    // The operator's own folder may be a link; nothing below it may.
    private string? FindLink()
    {
        for (var at = path; at.Length > root.Length; at = System.IO.Path.GetDirectoryName(at)!)
        {
            if (new FileInfo(at).LinkTarget is not null)
            {
                return at;
            }
        }

        return null;
    }
}

/// <summary>The target of a file URL: always inside the operator's folder, whatever the URL says.</summary>
internal static partial class LogFilePath
{
    private const int MaxParts = 4;

    /// <summary>What is wrong with the URL; null if it is valid.</summary>
    public static string? Check(Uri url)
    {
        if (url.Host.Length > 0)
        {
            return $"A file URL has no host: write file:///{OneLine.Of(url.Host, 60)}{OneLine.Of(url.AbsolutePath, 100)} with three slashes.";
        }

        var parts = Parts(url);
        return parts.Length is 0 or > MaxParts || !parts.All(part => Part().IsMatch(part)) || url.Query.Length > 0 || url.Fragment.Length > 0
            ? "Must be a name such as file:///keycloak.log: letters, digits, '.', '_' and '-', not starting with a dot, in at most three folders."
            : null;
    }

    /// <summary>The file named by a URL that passed <see cref="Check"/>.</summary>
    public static LogFile In(string folder, Uri url, FileSettings settings)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        return new LogFile(root, Path.Combine([root, .. Parts(url)]), settings.MaxBytes, settings.Keep);
    }

    private static string[] Parts(Uri url) => Uri.UnescapeDataString(url.AbsolutePath).Split('/', StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Part();
}
