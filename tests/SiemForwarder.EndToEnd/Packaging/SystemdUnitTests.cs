using System.Globalization;
using System.Text.RegularExpressions;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.EndToEnd.Packaging;

/// <summary>The unit of systemd: what systemd itself says of it, and that the service starts with its settings.</summary>
public sealed partial class SystemdUnitTests(TestPostgres postgres)
{
    private const string Analyze = "/usr/bin/systemd-analyze";

    private static readonly string Unit = Path.Combine(RepositoryFiles.Root, "docs", "deploy", "systemd", "siemforwarder.service");

    [Fact]
    public async Task SystemdAcceptsIt()
    {
        Assert.SkipUnless(File.Exists(Analyze), "no systemd-analyze on this machine (Debian package systemd)");
        await using var folder = new TemporaryFolder();
        var unit = Path.Combine(folder.Path, "siemforwarder.service");
        // The program need not be installed for that; the rest is checked as it stands.
        await File.WriteAllTextAsync(
            unit, (await File.ReadAllTextAsync(Unit, TestContext.Current.CancellationToken)).Replace("/usr/bin/dotnet", "/bin/true", StringComparison.Ordinal),
            TestContext.Current.CancellationToken);

        var (code, said) = await ChildProgram.RunAsync(Analyze, ["verify", "--man=no", unit], TestContext.Current.CancellationToken);

        Assert.True(code == 0, said);
        Assert.DoesNotContain("siemforwarder.service:", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ItIsHardened()
    {
        Assert.SkipUnless(File.Exists(Analyze), "no systemd-analyze on this machine (Debian package systemd)");

        var (_, said) = await ChildProgram.RunAsync(Analyze, ["security", "--offline=yes", "--no-pager", Unit], TestContext.Current.CancellationToken);

        var exposure = double.Parse(Exposure().Match(said).Groups["level"].Value, CultureInfo.InvariantCulture);
        Assert.InRange(exposure, 0, 2);
    }

    [Fact]
    public async Task TheServiceStartsWithItsSettings()
    {
        await using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "data");
        var lines = await File.ReadAllLinesAsync(Unit, TestContext.Current.CancellationToken);
        var settings = lines.Where(line => line.StartsWith("Environment=", StringComparison.Ordinal)).Select(line => line["Environment=".Length..].Split('=', 2))
            .ToDictionary(pair => pair[0], pair => pair[1].Replace("%d", folder.Path, StringComparison.Ordinal).Replace("/var/lib/siemforwarder", data, StringComparison.Ordinal));
        foreach (var credential in lines.Where(line => line.StartsWith("LoadCredential=", StringComparison.Ordinal)).Select(line => line.Split('=', ':')[1]))
        {
            await File.WriteAllTextAsync(Path.Combine(folder.Path, credential), Convert.ToBase64String(new byte[32]), TestContext.Current.CancellationToken);
        }

        settings["ConnectionStrings__Forwarder"] = await postgres.CreateDatabaseAsync();
        await using var forwarder = new ForwarderProcess(data, settings);

        await forwarder.StartAsync(TestContext.Current.CancellationToken);

        Assert.Contains("master-key", settings["Forwarder__Secrets__MasterKeyFile"], StringComparison.Ordinal);
        Assert.DoesNotContain("not protected", forwarder.Output, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"Overall exposure level for siemforwarder\.service: (?<level>[\d.]+)")]
    private static partial Regex Exposure();
}
