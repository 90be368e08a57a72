using System.Runtime.InteropServices;

namespace SiemForwarder.Destinations.Files;

/// <summary>Puts the names in a folder on the disk: a file whose bytes are synced is gone after a power cut where its name was not.</summary>
/// <remarks>fsync(2): "Calling fsync() does not necessarily ensure that the entry in the directory containing the file has also reached
/// disk." Elsewhere than on Linux the file system is trusted.</remarks>
internal static class FolderSync
{
    private const int NotSupported = 22; // EINVAL: this file system has nothing to sync there.

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
            throw new IOException($"{folder} could not be opened to sync it: {Marshal.GetLastPInvokeErrorMessage()}");
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
