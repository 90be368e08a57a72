using System.Collections;
using System.ComponentModel;
using System.Reflection;

namespace SiemForwarder.Service.Settings;

/// <summary>Finds invalid settings: unknown names and values of the wrong type. One sentence each, with a suggestion.</summary>
internal static class SettingsCheck
{
    private const string Connections = "ConnectionStrings";

    // Only values of these types are shown: a string may be a secret.
    private static readonly Dictionary<Type, string> Kinds = new()
    {
        [typeof(bool)] = "true or false",
        [typeof(int)] = "a whole number",
        [typeof(long)] = "a whole number",
        [typeof(TimeSpan)] = "a time span such as 00:00:30 (d.hh:mm:ss)",
    };

    /// <param name="configuration">The configuration.</param>
    /// <param name="sections">The sections that are read.</param>
    /// <param name="others">Paths that are read without a class.</param>
    public static IReadOnlyList<string> Find(IConfiguration configuration, IEnumerable<SettingsSection> sections, params string[] others)
    {
        var known = sections.SelectMany(section => section.List()).ToDictionary(one => one.Path, one => one.Property, StringComparer.OrdinalIgnoreCase);
        var faults =
            from one in configuration.GetSection(ForwarderOptions.Section).AsEnumerable()
            where one.Value is not null && !others.Contains(one.Key, StringComparer.OrdinalIgnoreCase)
            orderby one.Key
            let fault = FindFault(one.Key, one.Value!, known)
            where fault is not null
            select fault;
        return [.. faults, .. FindConnections(configuration)];
    }

    /// <summary>The setting that an unknown name probably means; null if nothing is close.</summary>
    /// <param name="path">Path with colons.</param>
    /// <param name="known">The paths that are read.</param>
    public static string? FindMeant(string path, IReadOnlyCollection<string> known) =>
        NearestName.Find(path, known) ?? known.FirstOrDefault(one => LastPart(one).Equals(LastPart(path), StringComparison.OrdinalIgnoreCase));

    private static string? FindFault(string path, string value, Dictionary<string, PropertyInfo> known)
    {
        var name = SettingsSection.InEnvironment(path);
        if (known.TryGetValue(path, out var property))
        {
            return IsCollection(property) ? value.Length == 0 ? null : $"{name} is a list with one setting per entry: set {name}__0, {name}__1 and so on."
                : FindWrongValue(name, value, Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType);
        }

        // The entries of a list or map are below its name; an empty section in a file has no content.
        if (IsEntry(path, known) || (value.Length == 0 && known.Keys.Any(one => one.StartsWith(path + ":", StringComparison.OrdinalIgnoreCase))))
        {
            return null;
        }

        var hint = FindMeant(path, known.Keys) is { } meant
            ? $"did you mean {SettingsSection.InEnvironment(meant)}?"
            : "docs/settings.md lists all settings.";
        return $"{name} is not a setting; {hint}";
    }

    private static string? FindWrongValue(string name, string value, Type type)
    {
        if (!Kinds.TryGetValue(type, out var kind))
        {
            return !type.IsEnum || Enum.GetNames(type).Contains(value, StringComparer.OrdinalIgnoreCase) ? null
                : $"{name} is '{value}'; it must be one of {string.Join(", ", Enum.GetNames(type)).ToLowerInvariant()}.";
        }

        try
        {
            // As the binder reads it.
            TypeDescriptor.GetConverter(type).ConvertFromInvariantString(value);
            return null;
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or OverflowException)
        {
            return $"{name} is '{value}'; it must be {kind}.";
        }
    }

    private static bool IsEntry(string path, Dictionary<string, PropertyInfo> known) =>
        path.LastIndexOf(':') is > 0 and var end
        && (known.TryGetValue(path[..end], out var property) ? IsCollection(property) : IsEntry(path[..end], known));

    private static IEnumerable<string> FindConnections(IConfiguration configuration) =>
        from one in configuration.GetSection(Connections).GetChildren()
        where !one.Key.Equals(ForwarderOptions.Section, StringComparison.OrdinalIgnoreCase) && NearestName.Find(one.Key, [ForwarderOptions.Section]) is not null
        select $"{Connections}__{one.Key} is not a setting; did you mean {Connections}__{ForwarderOptions.Section}?";

    private static bool IsCollection(PropertyInfo property) =>
        property.PropertyType != typeof(string) && typeof(IEnumerable).IsAssignableFrom(property.PropertyType);

    private static string LastPart(string path) => path[(path.LastIndexOf(':') + 1)..];
}
