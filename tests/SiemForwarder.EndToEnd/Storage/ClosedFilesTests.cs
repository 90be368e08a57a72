using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Storage;

/// <summary>What other users of the machine see of the service's files and processes.</summary>
public sealed class ClosedFilesTests
{
    private const UnixFileMode Pass = UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NobodyElseReadsTheDataFolderOrHoldsItsLock()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null || OperatingSystem.IsWindows(), "no PostgreSQL programs on this machine");
        await using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "data");
        var server = await PrivatePostgres.StartAsync(PostgresPrograms.FindFolder()!, data, Token);
        await using (server)
        {
            Assert.Equal(DataFolder.OwnFolder | (Environment.UserName == "root" ? Pass : 0), ModeOf(data));
            Assert.Equal(DataFolder.OwnFolder, ModeOf(Path.Combine(data, "postgres")));
            Assert.Equal(DataFolder.OwnFile, ModeOf(Path.Combine(data, "lock")));
        }

        if (!OperatingSystem.IsWindows())
        {
            // As an older version left it.
            File.SetUnixFileMode(Path.Combine(data, "lock"), DataFolder.OwnFile | UnixFileMode.OtherRead);
        }

        await using var again = await PrivatePostgres.StartAsync(PostgresPrograms.FindFolder()!, data, Token);
        Assert.Equal(DataFolder.OwnFile, ModeOf(Path.Combine(data, "lock")));
    }

    [Fact]
    public async Task ThePasswordOfTheContainerStandsInNoListOfProcesses()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the program in Docker's place is a shell script");
        await using var folder = new TemporaryFolder();
        var docker = Path.Combine(folder.Path, "docker");
        await File.WriteAllTextAsync(
            docker, $"#!/bin/sh\necho \"$@\" >> '{folder.Path}/arguments'\ncase $1 in\nstart) exit 1;;\nrun) printf %s \"$POSTGRES_PASSWORD\" > '{folder.Path}/taken';;\n"
                + "port) echo 127.0.0.1:5555;;\nesac\n", Token);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(docker, DataFolder.OwnFolder);
        }

        var data = Path.Combine(folder.Path, "data");
        await using var container = await ContainerPostgres.StartAsync(data, Token, docker);

        var file = Path.Combine(data, "postgres-container.password");
        var password = await File.ReadAllTextAsync(file, Token);
        Assert.Equal(48, password.Length);
        Assert.Equal(password, await File.ReadAllTextAsync(Path.Combine(folder.Path, "taken"), Token));
        Assert.DoesNotContain(password, await File.ReadAllTextAsync(Path.Combine(folder.Path, "arguments"), Token), StringComparison.Ordinal);
        Assert.Contains("POSTGRES_PASSWORD", await File.ReadAllTextAsync(Path.Combine(folder.Path, "arguments"), Token), StringComparison.Ordinal);
        Assert.Equal((DataFolder.OwnFile, DataFolder.OwnFolder), (ModeOf(file), ModeOf(data)));
        Assert.Contains($"Password={password}", container.ConnectionString, StringComparison.Ordinal);
    }

    private static UnixFileMode ModeOf(string path) => OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(path);
}
