using System.Runtime.InteropServices;

namespace SiemForwarder.Destinations.Files;

/// <summary>Flushes the names in a folder to disk: after a power failure, a file with synced bytes is still lost if its name was not.</summary>
/// <remarks>fsync(2): "Calling fsync() does not necessarily ensure that the entry in the directory containing the file has also reached
/// disk." On systems other than Linux, the file system is trusted.</remarks>
internal static class FolderSync
{
    private const int NotSupported = 22; // EINVAL: this file system cannot sync folders and need not.

    /// <exception cref="IOException">The folder could not be synced.</exception>
    public static void Flush(string folder)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        var descriptor = Open(folder, 0);
        if (descriptor < 0)
        {
            throw new IOException($"{folder} could not be opened for syncing: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        try
        {
            if (Sync(descriptor) != 0 && Marshal.GetLastPInvokeError() != NotSupported)
            {
                throw new IOException($"{folder} could not be synced: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }
        finally
        {
            Close(descriptor);
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sync(int descriptor);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void Close(int descriptor);
}
