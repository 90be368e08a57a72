using SiemForwarder.Destinations.Files;

namespace SiemForwarder.Tests.Destinations.Files;

/// <summary>Names are put on the disk, and it is said where they cannot be.</summary>
public sealed class FolderSyncTests
{
    [Fact]
    public void AFolderIsSyncedAndAMissingOneIsAnError()
    {
        var folder = Directory.CreateTempSubdirectory("synced").FullName;
        FolderSync.Flush(folder);
        Directory.Delete(folder);

        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere nothing is synced");
        Assert.Contains(folder, Assert.Throws<IOException>(() => FolderSync.Flush(folder)).Message, StringComparison.Ordinal);
    }
}
