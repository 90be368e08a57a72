namespace SiemForwarder.Service;

/// <summary>What tells one content of a file from another without reading it; links are followed, as mounted secrets are replaced by turning one.</summary>
/// <param name="Path">Where the content is.</param>
/// <param name="Length">Bytes; -1 where there is no file.</param>
/// <param name="WrittenAt">When it was written last.</param>
internal readonly record struct FileState(string Path, long Length, DateTime WrittenAt)
{
    /// <summary>The state of a file now.</summary>
    public static FileState Of(string path)
    {
        var missing = new FileState(path, -1, default);
        try
        {
            var file = new FileInfo(path);
            var target = file.Exists ? file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file : file;
            return target.Exists ? new FileState(target.FullName, target.Length, target.LastWriteTimeUtc) : missing;
        }
        catch (IOException)
        {
            // Somebody replaces it at this very moment; the next look sees what is there then.
            return missing;
        }
    }
}
