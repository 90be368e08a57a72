using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.Service;
using SiemForwarder.Service.Settings;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Settings;

/// <summary>docs/settings.md is made from the classes that read the settings (UPDATE_GOLDEN=1 writes it anew), and nobody names a setting that is not read.</summary>
public sealed class SettingsDocumentTests
{
    private static readonly string[] Others = ["Forwarder:CrashPoint"];

    [Fact]
    public void TheDocumentListsEverySettingWithItsDefaultAndItsMeaning()
    {
        var path = Path.Combine(RepositoryFiles.Root, "docs", "settings.md");
        var document = File.ReadAllText(path);
        var generated = Regex.Replace(
            document, "(?<=<!-- generated -->\n).*(?=<!-- end -->)", _ => Write(Sections()), RegexOptions.Singleline);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, generated, new UTF8Encoding(false));
        }

        Assert.Equal(generated, File.ReadAllText(path));
    }

    [Fact]
    public void EverySettingThatDocumentsComposeOrCodeNameIsRead()
    {
        var sections = Sections().Select(section => section.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var known = Sections().SelectMany(section => section.List().Select(one => one.Path).Prepend(section.Name)).Concat(Others)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        var unknown =
            from file in Files()
            from Match match in Regex.Matches(File.ReadAllText(file), @"\bForwarder(?:__|:)[A-Z]\w*(?:(?:__|:)[A-Z0-9]\w*)*")
            let name = Regex.Replace(match.Value.Replace("__", ":", StringComparison.Ordinal), ":[0-9]+.*$", "")
            where !IsKnown(name) && !known.Any(one => one.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
            select $"{Path.GetRelativePath(RepositoryFiles.Root, file)}: {match.Value}";

        Assert.Empty(unknown.Distinct());

        // A map has its entries below its name; a section has only what its class has.
        bool IsKnown(string name) => known.Contains(name) || (name.LastIndexOf(':') is > 0 and var end && IsKnown(name[..end]) && !sections.Contains(name[..end]));
    }

    private static IEnumerable<string> Files()
    {
        string[] endings = [".md", ".cs", ".json", ".yml", ".yaml", ".sh"];
        return Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "docs"), "*", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "src"), "*", SearchOption.AllDirectories))
            .Where(file => endings.Contains(Path.GetExtension(file)) || Path.GetFileName(file) == "Dockerfile")
            .Append(Path.Combine(RepositoryFiles.Root, "README.md"))
            .Append(Path.Combine(RepositoryFiles.Root, "docker-compose.yml"));
    }

    // Nothing of the application starts; the database is never asked.
    private static List<SettingsSection> Sections()
    {
        using var app = ForwarderHost.Build([], "Host=127.0.0.1;Database=none");
        return [.. app.Services.GetServices<SettingsSection>().OrderBy(section => section.Name, StringComparer.Ordinal)];
    }

    private static string Write(List<SettingsSection> sections)
    {
        var comments = XDocument.Load(Path.ChangeExtension(typeof(SettingsSection).Assembly.Location, ".xml")).Descendants("member")
            .ToDictionary(member => member.Attribute("name")!.Value, member => member.Element("summary") is { } summary ? Plain(summary) : "");
        var text = new StringBuilder();
        foreach (var section in sections)
        {
            text.Append("\n## `").Append(section.Name).Append("`\n\n").Append(comments[$"T:{section.Type.FullName}"]).Append("\n\n")
                .Append("| setting | default | |\n| --- | --- | --- |\n");
            foreach (var (path, property) in section.List())
            {
                text.Append("| `").Append(SettingsSection.InEnvironment(path)).Append(Suffix(property)).Append(" | ").Append(Default(property))
                    .Append(" | ").Append(comments[$"P:{property.DeclaringType!.FullName!.Replace('+', '.')}.{property.Name}"]).Append(Bounds(property)).Append(" |\n");
            }
        }

        return text.Append('\n').ToString();
    }

    private static string Suffix(PropertyInfo property) => property.PropertyType == typeof(string) || !typeof(IEnumerable).IsAssignableFrom(property.PropertyType) ? "`"
        : property.PropertyType.Name.StartsWith("IDictionary", StringComparison.Ordinal) ? "__NAME__0` …" : "__0` …";

    private static string Default(PropertyInfo property)
    {
        if (property.GetCustomAttribute<DefaultInWordsAttribute>() is { } words)
        {
            return words.Words;
        }

        return property.GetValue(Activator.CreateInstance(property.DeclaringType!)) switch
        {
            null or "" => "none",
            bool flag => flag ? "`true`" : "`false`",
            string text => $"`{text}`",
            TimeSpan span => $"`{Regex.Replace(span.ToString("c"), @"(\.\d*?)0+$", "$1")}`",
            IEnumerable list => list.Cast<object>().Any() ? string.Join(", ", list.Cast<object>().Select(one => $"`{one}`")) : "none",
            IFormattable number => $"`{number.ToString(null, CultureInfo.InvariantCulture)}`",
            var other => $"`{other}`",
        };
    }

    private static string Bounds(PropertyInfo property) => property.GetCustomAttribute<RangeAttribute>() is not { } range ? ""
        : range.Maximum is (double)long.MaxValue or int.MaxValue
            ? string.Create(CultureInfo.InvariantCulture, $" At least {range.Minimum}.")
            : string.Create(CultureInfo.InvariantCulture, $" From {range.Minimum} to {range.Maximum}.");

    private static string Plain(XElement summary) => Regex.Replace(
        string.Concat(summary.Nodes().Select(node => node is XElement { Name.LocalName: "c" } code ? $"`{code.Value}`"
            : node is XElement element ? element.Attribute("cref")?.Value.Split('.')[^1] ?? element.Value
            : node.ToString(SaveOptions.DisableFormatting).Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal))),
        @"\s+", " ").Trim();
}
