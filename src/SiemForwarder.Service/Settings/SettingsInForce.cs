using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Settings;

/// <summary>A setting of the process as it counts now.</summary>
/// <param name="Name">Its name in the environment.</param>
/// <param name="Value">Its value; <c>***</c> if it is or may contain a secret.</param>
/// <param name="IsDefault">Whether it is the default.</param>
public sealed record SettingInForce(string Name, string? Value, bool IsDefault);

/// <summary>Reads the settings that the process runs with, without secrets.</summary>
internal sealed partial class SettingsInForce(IServiceProvider services, IEnumerable<SettingsSection> sections)
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
           select new SettingInForce(SettingsSection.InEnvironment(one.Path), Shown(one.Property, value), value == Text(Find(defaults, path))),
    ];

    // A secret in the place of another setting is none of ours to find; a password in a URL is.
    private static string? Shown(PropertyInfo property, string? value) =>
        value is null ? null
        : !property.PropertyType.IsValueType && Secretive().IsMatch(property.Name) ? Hidden
        : UserInfo().Replace(value, $"://{Hidden}@");

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
