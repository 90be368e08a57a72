using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Files;

namespace SiemForwarder.Tests.Destinations.Files;

public sealed class FileDestinationTests : DestinationContract, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("siemforwarder-file-").FullName;

    private string Log => Path.Combine(folder, "name.log");

    internal override IDestination Open(DestinationSettings settings) => FileDestination.Kind.Open(settings with { LocalFolder = settings.LocalFolder ?? folder }, TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Theory]
    [InlineData("{\"a\":1}", "{\"a\":1}")]
    [InlineData("<86>1 2025-11-03T10:15:30.123Z kc siemforwarder - LOGIN - two\nlines", "<86>1 2025-11-03T10:15:30.123Z kc siemforwarder - LOGIN - two lines")]
    [InlineData("CEF:0|SiemForwarder|Keycloak|1|LOGIN|in|3|msg=zoë", "CEF:0|SiemForwarder|Keycloak|1|LOGIN|in|3|msg=zoë")]
    [InlineData("LEEF:2.0|SiemForwarder|Keycloak|1|LOGIN|^|usrName=zoë\r\n^x", "LEEF:2.0|SiemForwarder|Keycloak|1|LOGIN|^|usrName=zoë  ^x")]
    public async Task EveryEventIsOneLine(string message, string line)
    {
        await using var destination = Open(SomeSettings.For("file:///name.log"));

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Of(message, message), Soon));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Of(message), Soon));

        Assert.Equal($"{line}\n{line}\n{line}\n", await File.ReadAllTextAsync(Log, Soon));
    }

    [Theory]
    [InlineData("{\"n\":0}\n{\"n\":1}\n", "{\"n\":7", 2)]
    [InlineData("", "{\"n\":7", 0)]
    [InlineData("{\"n\":0}\n", "\0\0\0\0", 1)]
    public async Task WhatACrashLeftOfALineIsCutBeforeTheNextBatch(string whole, string torn, int lines)
    {
        await File.WriteAllTextAsync(Log, whole + torn, Soon);
        await using var destination = Open(SomeSettings.For("file:///name.log"));

        await destination.SendAsync(Batch(), Soon);

        Assert.Equal(whole + "{\"n\":0}\n{\"n\":1}\n", await File.ReadAllTextAsync(Log, Soon));
        Assert.Equal(lines + 2, (await File.ReadAllLinesAsync(Log, Soon)).Length);
    }

    [Fact]
    public async Task ATornLineLongerThanABlockIsCutToo()
    {
        await File.WriteAllTextAsync(Log, "first\n" + new string('x', 100_000), Soon);
        await using var destination = Open(SomeSettings.For("file:///name.log"));

        await destination.SendAsync(SomeBatch.Of("second"), Soon);

        Assert.Equal("first\nsecond\n", await File.ReadAllTextAsync(Log, Soon));
    }

    [Fact]
    public async Task AnAgentThatHoldsTheFileFollowsTheRenameAndMissesNothing()
    {
        await using var destination = Open(SomeSettings.For("file:///name.log") with { Settings = SomeSettings.Own(new { maxMegabytes = 1, keep = 2 }) });
        var message = new string('x', 10_000);
        DeliveryBatch Numbered(int from) => SomeBatch.Of([.. Enumerable.Range(from, 40).Select(number => $"{number:D4}{message}")]);

        await destination.SendAsync(Numbered(0), Soon);
        using var agent = new StreamReader(new FileStream(Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        for (var from = 40; from < 200; from += 40)
        {
            Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Numbered(from), Soon));
        }

        // Two batches fit into a mebibyte: three files of 80, 80 and 40 lines.
        Assert.Equal(["name.log", "name.log.1", "name.log.2"], Directory.GetFiles(folder).Select(Path.GetFileName).Where(name => name![0] != '.').Order());
        Assert.Equal(Enumerable.Range(0, 80), ReadNumbers(await agent.ReadToEndAsync(Soon)));
        Assert.Equal(
            Enumerable.Range(0, 200),
            new[] { ".2", ".1", "" }.SelectMany(suffix => ReadNumbers(File.ReadAllText(Log + suffix))));

        await destination.SendAsync(Numbered(200), Soon);
        await destination.SendAsync(Numbered(240), Soon);
        Assert.Equal(3, Directory.GetFiles(folder).Count(name => !Path.GetFileName(name).StartsWith('.')));
        Assert.Equal(80, ReadNumbers(await File.ReadAllTextAsync(Log + ".2", Soon))[0]);
    }

    [Fact]
    public async Task AnEventLargerThanAFileStandsAloneInOne()
    {
        await using var destination = Open(SomeSettings.For("file:///name.log") with { Settings = SomeSettings.Own(new { maxMegabytes = 1 }) });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Of("small"), Soon));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Of(new string('x', 2_000_000)), Soon));

        Assert.Equal(2_000_001, new FileInfo(Log).Length);
        Assert.Equal("small\n", await File.ReadAllTextAsync(Log + ".1", Soon));
    }

    [Fact]
    public async Task ManyWritersOfOneFileTakeTurnsAndTearNoLine()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async writer =>
        {
            await using var destination = Open(SomeSettings.For("file:///name.log"));
            for (var round = 0; round < 10; round++)
            {
                Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Of($"{writer}-{round}-a", $"{writer}-{round}-b"), Soon));
            }
        }));

        var lines = await File.ReadAllLinesAsync(Log, Soon);
        Assert.Equal(80, lines.Distinct().Count());
        Assert.All(lines, line => Assert.Matches(@"\A\d-\d-[ab]\z", line));
    }

    [Fact]
    public async Task AFullDiskIsTransientAndLeavesNoHalfBatch()
    {
        Assert.SkipUnless(File.Exists("/dev/full") && Environment.IsPrivilegedProcess, "needs a tmpfs, which only root can mount");
        var small = Directory.CreateDirectory(Path.Combine(folder, "small")).FullName;
        Assert.Equal(0, await RunAsync("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small));
        try
        {
            await using var destination = Open(SomeSettings.For("file:///name.log") with { LocalFolder = small });
            await destination.SendAsync(Batch(), Soon);

            var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(SomeBatch.Of([.. Enumerable.Repeat(new string('x', 1000), 100)]), Soon));

            AssertReadable(outcome.Reason);
            Assert.Contains("full", outcome.Reason);
            Assert.Equal("{\"n\":0}\n{\"n\":1}\n", await File.ReadAllTextAsync(Path.Combine(small, "name.log"), Soon));
        }
        finally
        {
            await RunAsync("umount", small);
        }
    }

    [Fact]
    public async Task WhereAFileStandsInPlaceOfAFolderThatIsSaidAndNothingIsLost()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "sub"), "mine", Soon);
        await using var destination = Open(SomeSettings.For("file:///sub/name.log"));

        var outcome = await destination.SendAsync(Batch(), Soon);

        Assert.True(outcome is DeliveryOutcome.Transient or DeliveryOutcome.Misconfigured, outcome.ToString());
        AssertReadable(outcome is DeliveryOutcome.Transient transient ? transient.Reason : ((DeliveryOutcome.Misconfigured)outcome).Reason);
        Assert.Equal("mine", await File.ReadAllTextAsync(Path.Combine(folder, "sub"), Soon));
        File.Delete(Path.Combine(folder, "sub"));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(), Soon));
    }

    [Fact]
    public async Task ABatchThatIsCancelledBeforeItBeginsIsNotWritten()
    {
        await using var destination = Open(SomeSettings.For("file:///name.log"));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => destination.SendAsync(Batch(), new CancellationToken(canceled: true)));

        Assert.True(!File.Exists(Log) || new FileInfo(Log).Length == 0);
    }

    [Fact]
    public async Task WithoutAFolderOfTheOperatorNothingIsWritten()
    {
        await using var destination = FileDestination.Kind.Open(SomeSettings.For("file:///name.log"), TimeProvider.System);

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        AssertReadable(outcome.Reason);
        Assert.Contains("Forwarder__FileDestination__Folder", outcome.Reason);
    }

    [Theory]
    [InlineData("file:///../../etc/passwd")]
    [InlineData("file:///%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("file:///a%2f..%2f..%2fetc/passwd")]
    [InlineData("file:///.profile")]
    [InlineData("file:///a/b/c/d/e.log")]
    [InlineData("file:///na%00me.log")]
    [InlineData("file:///na%0Ame.log")]
    [InlineData("file://host/name.log")]
    [InlineData("file:///")]
    public async Task NoUrlLeadsOutOfTheFolder(string url)
    {
        await using var destination = Open(SomeSettings.For(url));

        var outcome = await destination.SendAsync(Batch(), Soon);

        if (outcome is DeliveryOutcome.Misconfigured refused)
        {
            AssertReadable(refused.Reason);
            Assert.NotNull(FileDestination.Kind.CheckServerUrl!(new Uri(url)));
        }
        else
        {
            Assert.Equal("/etc/passwd", new Uri(url).AbsolutePath);
            Assert.True(File.Exists(Path.Combine(folder, "etc", "passwd")));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ALinkIsNotFollowed(bool ofFolder)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights there");
        var outside = Directory.CreateTempSubdirectory("siemforwarder-outside-").FullName;
        File.CreateSymbolicLink(Path.Combine(folder, ofFolder ? "sub" : "name.log"), ofFolder ? outside : Path.Combine(outside, "target"));
        await using var destination = Open(SomeSettings.For(ofFolder ? "file:///sub/deep/name.log" : "file:///name.log"));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        Assert.Contains("symbolic link", outcome.Reason);
        Assert.Empty(Directory.GetFileSystemEntries(outside));
        Directory.Delete(outside, recursive: true);
    }

    [Fact]
    public async Task AWriterThatNeverEndsItsTurnIsGivenUpAndCancellingEndsAtOnce()
    {
        await using var destination = Open(SomeSettings.For("file:///name.log", TimeSpan.FromMilliseconds(200)));
        await using var held = new FileStream(Path.Combine(folder, ".name.log.lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(ErrorCategory.Timeout, outcome.Category);
        AssertReadable(outcome.Reason);
        using var cancel = new CancellationTokenSource();
        await using var patient = Open(SomeSettings.For("file:///name.log"));
        var sending = patient.SendAsync(Batch(), cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TheFileOfTurnsIsNeverALink(bool targetExists)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need rights there");
        var outside = Directory.CreateTempSubdirectory("siemforwarder-outside-").FullName;
        var target = Path.Combine(outside, "target");
        if (targetExists)
        {
            await File.WriteAllTextAsync(target, "mine", Soon);
        }

        File.CreateSymbolicLink(Path.Combine(folder, ".name.log.lock"), target);
        await using var destination = Open(SomeSettings.For("file:///name.log"));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        Assert.Contains(".name.log.lock is a symbolic link", outcome.Reason);
        Assert.Equal(targetExists ? "mine" : null, File.Exists(target) ? await File.ReadAllTextAsync(target, Soon) : null);
        Assert.False(File.Exists(Log));
        Directory.Delete(outside, recursive: true);
    }

    [Theory]
    [InlineData(".1")]
    [InlineData(".2")]
    public async Task AFileThatRotationDidNotMakeIsNeverOverwritten(string suffix)
    {
        await File.WriteAllTextAsync(Log + suffix, "mine", Soon);
        await using var destination = Open(SomeSettings.For("file:///name.log") with { Settings = SomeSettings.Own(new { maxMegabytes = 1, keep = 2 }) });

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        AssertReadable(outcome.Reason);
        Assert.Contains($"name.log{suffix} was not created by this file's rotation", outcome.Reason);
        Assert.Equal("mine", await File.ReadAllTextAsync(Log + suffix, Soon));
    }

    [Fact]
    public async Task AFileThatComesInTheWayLaterIsNotOverwrittenEitherAndNothingIsLost()
    {
        await using var destination = Open(SomeSettings.For("file:///name.log") with { Settings = SomeSettings.Own(new { maxMegabytes = 1, keep = 2 }) });
        var half = SomeBatch.Of([.. Enumerable.Repeat(new string('x', 10_000), 60)]);
        await destination.SendAsync(half, Soon);
        await destination.SendAsync(half, Soon);
        File.Delete(Log + ".1");
        await File.WriteAllTextAsync(Log + ".1", "mine", Soon);

        var refused = await destination.SendAsync(half, Soon);
        File.Delete(Log + ".1");
        var taken = await destination.SendAsync(half, Soon);

        Assert.Contains("name.log.1 was not created", Assert.IsType<DeliveryOutcome.Misconfigured>(refused).Reason);
        Assert.IsType<DeliveryOutcome.Delivered>(taken);
        Assert.Equal((60, 60), (File.ReadLines(Log).Count(), File.ReadLines(Log + ".1").Count()));
    }

    [Fact]
    public async Task FilesThatAnOlderVersionRenamedAreItsOwn()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, ".name.log.lock"), "", Soon);
        await File.WriteAllTextAsync(Log, new string('x', 1_000_000) + "\n", Soon);
        await File.WriteAllTextAsync(Log + ".1", "older\n", Soon);
        await using var destination = Open(SomeSettings.For("file:///name.log") with { Settings = SomeSettings.Own(new { maxMegabytes = 1, keep = 2 }) });

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(SomeBatch.Of(new string('y', 100_000)), Soon));

        Assert.Equal("older\n", await File.ReadAllTextAsync(Log + ".2", Soon));
    }

    [Fact]
    public async Task FewerAndThenMoreKeptFilesAreStillKnown()
    {
        var one = SomeBatch.Of([.. Enumerable.Repeat(new string('x', 10_000), 60)]);
        foreach (var keep in (int[])[3, 3, 3, 3, 1, 1, 3, 3])
        {
            await using var destination = Open(SomeSettings.For("file:///name.log") with { Settings = SomeSettings.Own(new { maxMegabytes = 1, keep }) });
            Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(one, Soon));
        }
    }

    [Fact]
    public async Task ATestWritesALineAndSaysWhere()
    {
        await using var destination = Open(SomeSettings.For("file:///sub/name.log"));

        var report = await destination.TestAsync(SomeBatch.Of("test"), Soon);

        Assert.True(report.Succeeded);
        Assert.Contains("name.log", report.Stages[1].Detail);
        Assert.Equal("test\n", Encoding.UTF8.GetString(report.Sent.Span));
        Assert.Equal("test\n", await File.ReadAllTextAsync(Path.Combine(folder, "sub", "name.log"), Soon));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static List<int> ReadNumbers(string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => int.Parse(line.AsSpan(0, 4), System.Globalization.CultureInfo.InvariantCulture))];

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(program, arguments);
        await process.WaitForExitAsync(Soon);
        return process.ExitCode;
    }
}
