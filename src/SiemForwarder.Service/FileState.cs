using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SiemForwarder.Service;

/// <summary>Identifies a version of a file's content; links are followed, because mounted secrets are replaced by switching one.</summary>
/// <param name="Path">The resolved path.</param>
/// <param name="Length">Size in bytes; -1 if there is no file.</param>
/// <param name="WrittenAt">When it was last written.</param>
/// <param name="Content">
/// A hash of the content of a small file, such as a key or certificate: file system times are so coarse (4 ms) that two versions of equal length can
/// share one. 0 for a large file and for one that cannot be read.
/// </param>
internal readonly record struct FileState(string Path, long Length, DateTime WrittenAt, ulong Content)
{
    private const int MaxHashedBytes = 64 * 1024;

    /// <summary>The current state of a file.</summary>
    public static FileState Of(string path)
    {
        var missing = new FileState(path, -1, default, 0);
        try
        {
            var file = new FileInfo(path);
            var target = file.Exists ? file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file : file;
            return target.Exists ? new FileState(target.FullName, target.Length, target.LastWriteTimeUtc, ContentOf(target)) : missing;
        }
        catch (IOException)
        {
            // The file is just being replaced; the next check sees the new one.
            return missing;
        }
    }

    private static ulong ContentOf(FileInfo file)
    {
        try
        {
            return file.Length > MaxHashedBytes ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(File.ReadAllBytes(file.FullName)));
        }
        catch (UnauthorizedAccessException)
        {
            // Opening it will report the error.
            return 0;
        }
    }
}
