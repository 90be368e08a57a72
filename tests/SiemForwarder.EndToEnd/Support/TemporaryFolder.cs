namespace SiemForwarder.EndToEnd.Support;

/// <summary>A folder that other users may enter, removed at the end.</summary>
internal sealed class TemporaryFolder : IAsyncDisposable
{
    public string Path { get; } = ForwarderProcess.NewFolder();

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Path, recursive: true);
        return ValueTask.CompletedTask;
    }
}
