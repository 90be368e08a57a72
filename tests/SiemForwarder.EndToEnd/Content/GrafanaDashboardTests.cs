using System.Text.RegularExpressions;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.EndToEnd.Content;

/// <summary>The dashboard is one of Grafana by the types that its makers publish (npm: @grafana/schema); its queries are run in PrometheusTests.</summary>
[Trait("Program", "grafana")]
public sealed partial class GrafanaDashboardTests
{
    private const string Node = "/usr/bin/node";

    private static readonly string Home = Environment.GetEnvironmentVariable("GRAFANA_SCHEMA_HOME") ?? "/opt/siemforwarder-grafana";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryMemberOfTheDashboardIsOneOfGrafana()
    {
        var dashboard = await File.ReadAllTextAsync(Path.Combine(RepositoryFiles.Root, "docs", "deploy", "grafana", "dashboard.json"), Token);

        var (code, said) = await CompileAsync(dashboard);
        var (refused, why) = await CompileAsync(dashboard.Replace("\"gridPos\":", "\"gridPosition\":", StringComparison.Ordinal));

        Assert.True(code == 0, said);
        Assert.NotEqual(0, refused);
        Assert.Contains("'\"gridPosition\"' does not exist", why, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Said)> CompileAsync(string dashboard)
    {
        Assert.SkipUnless(Directory.Exists(Path.Combine(Home, "node_modules", "@grafana", "schema")) && File.Exists(Node), "the schema of Grafana is not installed: run .ci/install-receivers, which needs npm");
        await using var folder = new TemporaryFolder();
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "node_modules"), Path.Combine(Home, "node_modules"));
        var file = Path.Combine(folder.Path, "dashboard.ts");
        // A type that is an enumeration takes no text, and what a variable asks stands in a type that is not published.
        var code = Definition().Replace(dashboard, "")
            .Replace("\"mode\": \"absolute\"", "\"mode\": ThresholdsMode.Absolute", StringComparison.Ordinal)
            .Replace("\"type\": \"value\"", "\"type\": MappingType.ValueToText", StringComparison.Ordinal);
        await File.WriteAllTextAsync(
            file, $"import {{ MappingType, ThresholdsMode, type Dashboard }} from '@grafana/schema';\nexport const dashboard: Dashboard = {code};\n", Token);
        return await ChildProgram.RunAsync(
            Node,
            [
                Path.Combine(Home, "node_modules", "typescript", "bin", "tsc"), "--noEmit", "--strict", "--skipLibCheck", "--moduleResolution", "node",
                "--module", "es2020", "--target", "es2020", file,
            ],
            Token);
    }

    [GeneratedRegex(@"\n\s*""definition"": ""[^\n]*")]
    private static partial Regex Definition();
}
