using Microsoft.Win32.SafeHandles;

namespace SiemForwarder.Service.Location;

/// <summary>The bytes of a file, read where they are asked for; every read is checked against its length.</summary>
/// <remarks>Not mapped into memory: a file that somebody cuts short while it is mapped ends the process, here it is an error. The system's
/// cache holds its pages all the same.</remarks>
internal sealed class MmdbFile : IDisposable
{
    private readonly SafeFileHandle handle;

    /// <param name="path">File to open; others may replace it meanwhile.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public MmdbFile(string path)
    {
        handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess);
        Length = RandomAccess.GetLength(handle);
    }

    public long Length { get; }

    /// <summary>Copies bytes out of the file.</summary>
    /// <exception cref="MmdbException">They are not all in the file.</exception>
    public void Read(long offset, Span<byte> bytes)
    {
        if (offset < 0 || offset > Length - bytes.Length || RandomAccess.Read(handle, bytes, offset) != bytes.Length)
        {
            throw new MmdbException($"it points to byte {offset}, beyond its end");
        }
    }

    public void Dispose() => handle.Dispose();
}
