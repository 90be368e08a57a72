using System.Diagnostics;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Commands;

/// <summary>The first command of the README does what it says.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task TheDemoEndsByItselfWithCountsThatAgree()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "No PostgreSQL programs on this machine");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(TimeSpan.FromMinutes(2));

        var (code, output) = await ChildProgram.RunAsync(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "SiemForwarder.Service.dll"), "demo", "--once", "--events", "12"], bound.Token);

        Assert.Equal(0, code);
        Assert.Contains("All counts agree.", output, StringComparison.Ordinal);
        Assert.Equal(3, output.Split('\n').Count(line => line.StartsWith("sent ", StringComparison.Ordinal)));
        // The hostile user name stayed where it belongs.
        Assert.Contains("suser=mallory|act\\=logout ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUnknownOptionOfTheDemoIsAnsweredWithItsUsage()
    {
        var (code, output) = await ChildProgram.RunAsync(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "SiemForwarder.Service.dll"), "demo", "--twice"], TestContext.Current.CancellationToken);

        Assert.Equal(2, code);
        Assert.Contains("demo [--once]", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CtrlCLetsWhatIsUnderWayArriveAndBeCounted()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "No PostgreSQL programs on this machine");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(TimeSpan.FromMinutes(2));
        // Tests that a shell runs in its background ignore SIGINT, and so would the demo that they start.
        string[] program = OperatingSystem.IsLinux() ? ["env", "--default-signal=INT", "dotnet"] : ["dotnet"];
        var start = new ProcessStartInfo(
            program[0], [.. program[1..], Path.Combine(AppContext.BaseDirectory, "SiemForwarder.Service.dll"), "demo", "--urls", "http://127.0.0.1:0"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var demo = Process.Start(start)!;
        await using var end = bound.Token.Register(() => Process.Start("kill", ["-TERM", $"{demo.Id}"]).Dispose());
        var (errors, lines) = (demo.StandardError.ReadToEndAsync(bound.Token), new List<string>());
        while (await demo.StandardOutput.ReadLineAsync(bound.Token) is { } line)
        {
            lines.Add(line);
            if (line == "From here on events are only counted.")
            {
                using var signal = Process.Start("kill", ["-INT", $"{demo.Id}"]);
                await signal.WaitForExitAsync(bound.Token);
            }
        }

        await demo.WaitForExitAsync(bound.Token);

        Assert.Equal(("", 0), (await errors, demo.ExitCode));
        Assert.Contains("All counts agree.", lines);
        Assert.DoesNotContain(lines, line => line.StartsWith("   at ", StringComparison.Ordinal));
    }
}
