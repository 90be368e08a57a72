using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SiemForwarder.Service;

/// <summary>What tells one content of a file from another; links are followed, as mounted secrets are replaced by turning one.</summary>
/// <param name="Path">Where the content is.</param>
/// <param name="Length">Bytes; -1 where there is no file.</param>
/// <param name="WrittenAt">When it was written last.</param>
/// <param name="Content">
/// A hash of what a small file holds, as keys and certificates are: the clock of a file system ticks so seldom (4 ms) that two of one length can bear one time.
/// 0 for a large file and for one that cannot be read.
/// </param>
internal readonly record struct FileState(string Path, long Length, DateTime WrittenAt, ulong Content)
{
    private const int MaxHashedBytes = 64 * 1024;

    /// <summary>The state of a file now.</summary>
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
            // Somebody replaces it at this very moment; the next look sees what is there then.
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
            // Whoever opens it says so.
            return 0;
        }
    }
}
