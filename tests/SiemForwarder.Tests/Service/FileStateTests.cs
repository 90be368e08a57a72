using SiemForwarder.Service;

namespace SiemForwarder.Tests.Service;

/// <summary>When a file counts as another one, however it was replaced.</summary>
public sealed class FileStateTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("siemforwarder-state-").FullName;

    [Fact]
    public void AFileThatIsNotThereHasAStateToo()
    {
        Assert.Equal(-1, FileState.Of(Path.Combine(folder, "nowhere")).Length);
        Assert.Equal(FileState.Of(Path.Combine(folder, "nowhere")), FileState.Of(Path.Combine(folder, "nowhere")));
    }

    [Fact]
    public void ALinkThatLeadsNowhereCountsAsAMissingFile()
    {
        File.CreateSymbolicLink(Path.Combine(folder, "link"), Path.Combine(folder, "nowhere"));

        Assert.Equal(-1, FileState.Of(Path.Combine(folder, "link")).Length);
    }

    [Fact]
    public void ASmallFileOfTheSameLengthAndTimeIsToldByWhatItHolds()
    {
        var (path, time) = (Path.Combine(folder, "tls.crt"), new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        File.WriteAllText(path, "first");
        File.SetLastWriteTimeUtc(path, time);
        var before = FileState.Of(path);
        Assert.Equal(before, FileState.Of(path));

        File.WriteAllText(path, "other");
        File.SetLastWriteTimeUtc(path, time);

        Assert.NotEqual(before, FileState.Of(path));
    }

    [Fact]
    public void AMountedSecretChangesWhenTheLinkAboveItIsTurned()
    {
        foreach (var version in (string[])["one", "two"])
        {
            Directory.CreateDirectory(Path.Combine(folder, version));
            File.WriteAllText(Path.Combine(folder, version, "key"), version + version);
            File.SetLastWriteTimeUtc(Path.Combine(folder, version, "key"), new DateTime(2026, 1, version == "one" ? 1 : 2, 0, 0, 0, DateTimeKind.Utc));
        }

        // As Kubernetes mounts them: the file is a link into a folder that is a link itself, and only that one is turned.
        Directory.CreateSymbolicLink(Path.Combine(folder, "data"), "one");
        File.CreateSymbolicLink(Path.Combine(folder, "key"), Path.Combine("data", "key"));
        var before = FileState.Of(Path.Combine(folder, "key"));
        Directory.Delete(Path.Combine(folder, "data"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "data"), "two");

        Assert.NotEqual(before, FileState.Of(Path.Combine(folder, "key")));
        Assert.Equal(before.Length, FileState.Of(Path.Combine(folder, "key")).Length);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
