using System.Runtime.InteropServices;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>Whether somebody still reads the standard output: in <c>events --follow | head</c>, head ends first.</summary>
/// <remarks>The framework ignores SIGPIPE and drops what it cannot write, so a command that goes on until it is ended would never notice.</remarks>
internal static class OutputReader
{
    private const int StandardOutput = 1;

    // POLLERR and POLLNVAL of poll(2); a pipe whose reader has closed it shows the first without being asked.
    private const short Broken = 0x08 | 0x20;

    /// <summary>True once the other end of the pipe is closed; never for a file or a terminal, nor on Windows.</summary>
    public static bool IsGone()
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        var output = new PolledFile { File = StandardOutput };
        return Poll(ref output, 1, 0) > 0 && (output.Found & Broken) != 0;
    }

    [DllImport("libc", EntryPoint = "poll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Poll(ref PolledFile files, nuint count, int milliseconds);

    /// <summary>The kernel's struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PolledFile
    {
        public int File;
        public short Wanted;
        public short Found;
    }
}
