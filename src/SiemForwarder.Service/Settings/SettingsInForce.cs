using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Settings;

/// <summary>A setting of the process as it counts now.</summary>
/// <param name="Name">Its name in the environment.</param>
/// <param name="Value">Its value; <c>***</c> if it is or may contain a secret.</param>
/// <param name="IsDefault">Whether it is the default.</param>
/// <param name="Origin">Where it was set: <c>environment</c>, <c>command line</c> or the name of a file; null if it was not set.</param>
public sealed record SettingInForce(string Name, string? Value, bool IsDefault, string? Origin);

/// <summary>Reads the settings that the process runs with, without secrets.</summary>
internal sealed partial class SettingsInForce(IServiceProvider services, IEnumerable<SettingsSection> sections, IConfiguration configuration)
{
    private const string Hidden = "***";

    /// <summary>All of them, by name.</summary>
    public IReadOnlyList<SettingInForce> List() =>
    [
        .. from section in sections.OrderBy(one => one.Name, StringComparer.Ordinal)
           let options = ((IOptions<object>)services.GetRequiredService(typeof(IOptions<>).MakeGenericType(section.Type))).Value
           let defaults = Activator.CreateInstance(section.Type)!
           from one in section.List()
           let path = one.Path[(section.Name.Length + 1)..].Split(':')
           let value = Text(Find(options, path))
           let isDefault = value == Text(Find(defaults, path))
           select new SettingInForce(SettingsSection.InEnvironment(one.Path), Shown(one.Property, value), isDefault, Origin(one.Path)),
    ];

    // A secret in the place of another setting is none of ours to find; a password in a URL is.
    private static string? Shown(PropertyInfo property, string? value) =>
        value is null ? null
        : !property.PropertyType.IsValueType && Secretive().IsMatch(property.Name) ? Hidden
        : UserInfo().Replace(value, $"://{Hidden}@");

    // The last provider that has it wins.
    private string? Origin(string path) =>
        (configuration as IConfigurationRoot)?.Providers.LastOrDefault(one => one.TryGet(path, out _) || one.GetChildKeys([], path).Any()) switch
        {
            null => null,
            EnvironmentVariablesConfigurationProvider => "environment",
            CommandLineConfigurationProvider => "command line",
            FileConfigurationProvider file => Path.GetFileName(file.Source.Path),
            _ => "the program that started it",
        };

    private static object? Find(object options, string[] path) =>
        path.Aggregate((object?)options, (value, name) => value?.GetType().GetProperty(name)!.GetValue(value));

    private static string? Text(object? value) => value switch
    {
        null or "" => null,
        string text => text,
        bool flag => flag ? "true" : "false",
        IDictionary map => string.Join("; ", map.Keys.Cast<object>().Select(key => $"{key}={Text(map[key])}")),
        IEnumerable list => string.Join(", ", list.Cast<object>().Select(Text)),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };

    [GeneratedRegex("(?:Secret|Password|Token|Key|Keys|Connection|Header|Headers)$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Secretive();

    [GeneratedRegex("://[^/@\\s]+@", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex UserInfo();
}
