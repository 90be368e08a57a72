using SiemForwarder.Reliability.Bench;

namespace SiemForwarder.Reliability.Faults;

/// <summary>A small file system in memory that can be filled to its last byte.</summary>
internal sealed class TemporaryDisk : IAsyncDisposable
{
    private const int Megabytes = 120;
    private readonly string folder;

    private TemporaryDisk(string folder) => this.folder = folder;

    private string Ballast => Path.Combine(folder, "ballast");

    public static string? Obstacle() => Environment.UserName == "root" ? null : "only root may mount a file system";

    public static async Task<IAsyncDisposable> MakeAsync(string folder, CancellationToken cancellationToken)
    {
        await PostgresServer.MustAsync("mount", ["-t", "tmpfs", "-o", $"size={Megabytes}m,mode=755", "tmpfs", folder], cancellationToken);
        return new TemporaryDisk(folder);
    }

    /// <summary>Writes until there is no space left.</summary>
    public void Fill()
    {
        using var file = File.Create(Ballast);
        var block = new byte[64 * 1024];
        try
        {
            while (true)
            {
                file.Write(block);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // Full, as wanted.
            file.SetLength(file.Length);
        }
    }

    /// <summary>Gives the space back.</summary>
    public void Free() => File.Delete(Ballast);

    public async ValueTask DisposeAsync() => await PostgresServer.MustAsync("umount", ["-l", folder], CancellationToken.None);
}
