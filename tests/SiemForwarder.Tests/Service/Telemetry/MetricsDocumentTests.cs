using System.Text;
using System.Text.RegularExpressions;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Telemetry;

/// <summary>docs/metrics.md is made from the instruments (UPDATE_GOLDEN=1 writes it anew), and their names keep to the conventions.</summary>
public sealed class MetricsDocumentTests
{
    private static readonly string[] Units = ["s", "By", ""];

    [Fact]
    public void TheDocumentListsEveryMetric()
    {
        var path = Path.Combine(RepositoryFiles.Root, "docs", "metrics.md");
        var document = File.ReadAllText(path);
        var generated = Regex.Replace(document, "(?<=<!-- generated -->\n).*(?=<!-- end -->)", _ => Table(), RegexOptions.Singleline);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, generated, new UTF8Encoding(false));
        }

        Assert.Equal(generated, File.ReadAllText(path));
    }

    [Fact]
    public void NamesUnitsAndLabelsKeepToTheConventions() => Assert.All(MetricCatalog.All, metric =>
    {
        Assert.Matches(@"^siemforwarder(\.[a-z]+(_[a-z]+)*)+$", metric.Name);
        Assert.True(Units.Contains(metric.Unit) || Regex.IsMatch(metric.Unit, @"^\{[a-z]+\}$"), $"{metric.Name}: {metric.Unit}");
        Assert.InRange(metric.Labels.Count, 0, 4);
        Assert.DoesNotContain(metric.Labels, label => label.Contains("user", StringComparison.OrdinalIgnoreCase));
        Assert.EndsWith(".", metric.Description, StringComparison.Ordinal);
    });

    [Fact]
    public void EveryDefinitionIsInTheCatalogOnce() => Assert.Equal(
        typeof(MetricCatalog).GetFields().Where(field => field.FieldType == typeof(MetricDefinition)).Select(field => ((MetricDefinition)field.GetValue(null)!).Name).Order(StringComparer.Ordinal),
        MetricCatalog.All.Select(metric => metric.Name).Order(StringComparer.Ordinal));

    private static string Table()
    {
        var text = new StringBuilder("| metric | in Prometheus | kind | unit | labels | |\n| --- | --- | --- | --- | --- | --- |\n");
        foreach (var metric in MetricCatalog.All)
        {
            text.Append("| `").Append(metric.Name).Append("` | `").Append(metric.PrometheusName).Append("` | ").Append(metric.Kind.ToString().ToLowerInvariant())
                .Append(" | ").Append(metric.Unit.Length == 0 ? "" : $"`{metric.Unit}`").Append(" | ").AppendJoin(", ", metric.Labels.Select(label => $"`{label}`"))
                .Append(" | ").Append(metric.Description).Append(" |\n");
        }

        return text.Append('\n').ToString();
    }
}
