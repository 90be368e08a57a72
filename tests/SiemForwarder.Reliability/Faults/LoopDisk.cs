using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using SiemForwarder.Reliability.Bench;

namespace SiemForwarder.Reliability.Faults;

/// <summary>An ext4 file system in a file, which can be shut down so that everything unsynced is gone, as when the power fails.</summary>
/// <remarks>
/// <c>EXT4_IOC_SHUTDOWN</c> with <c>EXT4_GOING_FLAGS_NOLOGFLUSH</c> (linux/ext4: fs/ext4/ioctl.c): the journal is not written any more, nor is
/// anything of the page cache; what was not synced does not survive the next mount.
/// </remarks>
internal sealed class LoopDisk : IAsyncDisposable
{
    private const int Megabytes = 600;
    private const nuint ShutdownRequest = 0x8004587D;
    private const uint WithoutLogFlush = 2;

    private readonly string image;
    private readonly string folder;

    private LoopDisk(string image, string folder) => (this.image, this.folder) = (image, folder);

    /// <summary>Whether the file that was never synced was lost by the last shutdown.</summary>
    public bool UnsyncedIsGone => !File.Exists(Unsynced) || new FileInfo(Unsynced).Length == 0;

    /// <summary>Whether the file that was synced survived it.</summary>
    public bool SyncedIsThere => File.Exists(Synced) && File.ReadAllText(Synced) == "synced";

    private string Synced => Path.Combine(folder, "synced");

    private string Unsynced => Path.Combine(folder, "unsynced");

    public static string? Obstacle() =>
        Environment.UserName == "root" && File.Exists("/dev/loop-control")
            ? null : "only root may mount a file system, and loop devices are needed";

    public static async Task<IAsyncDisposable> MakeAsync(string folder, CancellationToken cancellationToken)
    {
        var disk = new LoopDisk($"{folder}.img", folder);
        await PostgresServer.MustAsync("truncate", ["-s", $"{Megabytes}M", disk.image], cancellationToken);
        await PostgresServer.MustAsync("mkfs.ext4", ["-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", disk.image], cancellationToken);
        await disk.MountAsync(cancellationToken);
        return disk;
    }

    /// <summary>Writes one file and syncs it, and another and does not.</summary>
    public void WriteWitnesses()
    {
        File.Delete(Unsynced);
        using (var synced = File.Create(Synced))
        {
            synced.Write("synced"u8);
            synced.Flush(flushToDisk: true);
        }

        File.WriteAllText(Unsynced, "unsynced");
    }

    /// <summary>From now on nothing is written; every access fails.</summary>
    public void Shutdown()
    {
        using var root = OpenFolder(folder);
        var flags = WithoutLogFlush;
        if (IoControl(root, ShutdownRequest, in flags) != 0)
        {
            throw new IOException($"The file system could not be shut down: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    /// <summary>Mounts what survived, as after a restart of the machine.</summary>
    public async Task MountAgainAsync(CancellationToken cancellationToken)
    {
        await PostgresServer.MustAsync("umount", [folder], cancellationToken);
        await MountAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await PostgresServer.MustAsync("umount", ["-l", folder], CancellationToken.None);
        File.Delete(image);
    }

    private async Task MountAsync(CancellationToken cancellationToken)
    {
        await PostgresServer.MustAsync("mount", ["-o", "loop", image, folder], cancellationToken);
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
    }

    private static SafeFileHandle OpenFolder(string path)
    {
        var handle = Open(path, 0);
        return handle >= 0 ? new SafeFileHandle(handle, ownsHandle: true) : throw new IOException(
            $"{path} cannot be opened: error {Marshal.GetLastPInvokeError()}.");
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false,
    ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int IoControl(SafeFileHandle file, nuint request, in uint argument);
}
