using Microsoft.Extensions.Options;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>The first key of an administrator: in a file that the service writes once, or in one that it is given.</summary>
public sealed class FirstKeyTests(TestPostgres postgres)
{
    private const string NoFile = "--Forwarder:Access:AdminKeyFile=";
    private const string Few = "--Forwarder:Database:MaxConnections=8";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TwoEnginesThatStartAtOnceMakeOneKeyInOneFile()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var one = new TemporaryFolder();
        await using var two = new TemporaryFolder();
        var engines = await Task.WhenAll(
            ForwarderApplication.StartOnAsync(database, NoFile, Few, $"--Forwarder:DataFolder={one.Path}/data"),
            ForwarderApplication.StartOnAsync(database, NoFile, Few, $"--Forwarder:DataFolder={two.Path}/data"));
        await using var first = engines[0];
        await using var second = engines[1];

        var file = Assert.Single(new[] { one, two }.Select(folder => Path.Combine(folder.Path, "data", "admin-key")), File.Exists);
        var key = (await File.ReadAllTextAsync(file, Token)).Trim();
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        foreach (var engine in engines)
        {
            using var caller = new Caller(engine.Address);
            Assert.Equal(200, await caller.GetAsync(key, "/api/v1/keys"));
        }
    }

    [Fact]
    public async Task AnEngineThatFindsKeysWritesNoFile()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "admin-key");
        await using (await ForwarderApplication.StartOnAsync(database, NoFile, $"--Forwarder:DataFolder={folder.Path}"))
        {
            File.Delete(path);
        }

        await using var again = await ForwarderApplication.StartOnAsync(database, NoFile, $"--Forwarder:DataFolder={folder.Path}");

        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task AGivenFileIsTheKeyAndIsReadAgainWhenItChanges()
    {
        var clock = new MovedClock();
        await using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "key");
        var (before, after) = (new string('a', 32), new string('b', 40));
        await File.WriteAllTextAsync(path, before + "\n", Token);
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, clock, $"--Forwarder:Access:AdminKeyFile={path}");
        using var caller = new Caller(forwarder.Address);
        Assert.Equal((200, 401), (await caller.GetAsync(before), await caller.GetAsync(after)));

        await File.WriteAllTextAsync(path, after, Token);
        clock.Move(TimeSpan.FromSeconds(2));
        Assert.Equal((401, 200), (await caller.GetAsync(before), await caller.GetAsync(after)));

        // Whatever becomes of the file, the key that was read last goes on.
        await File.WriteAllTextAsync(path, "short", Token);
        clock.Move(TimeSpan.FromSeconds(2));
        Assert.Equal((401, 200), (await caller.GetAsync("short"), await caller.GetAsync(after)));
    }

    [Theory]
    [InlineData("too short")]
    [InlineData("one two three four five six seven eight nine ten")]
    public async Task AGivenFileWithoutAKeyStopsTheStart(string text)
    {
        await using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "key");
        await File.WriteAllTextAsync(path, text, Token);

        var fault = await Assert.ThrowsAsync<OptionsValidationException>(
            () => ForwarderApplication.StartAsync(postgres, $"--Forwarder:Access:AdminKeyFile={path}"));

        Assert.StartsWith("Forwarder:Access:AdminKeyFile: ", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(text, fault.Message, StringComparison.Ordinal);
    }
}
