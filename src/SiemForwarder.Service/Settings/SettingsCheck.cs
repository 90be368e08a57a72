using System.Collections;
using System.ComponentModel;
using System.Reflection;

namespace SiemForwarder.Service.Settings;

/// <summary>Finds what is set and cannot be meant: names that nothing reads, and values of another type. One sentence each, with what is meant.</summary>
internal static class SettingsCheck
{
    private const string Connections = "ConnectionStrings";

    // Only of these is the value told: a text may be a secret.
    private static readonly Dictionary<Type, string> Kinds = new()
    {
        [typeof(bool)] = "true or false",
        [typeof(int)] = "a whole number",
        [typeof(long)] = "a whole number",
        [typeof(TimeSpan)] = "a time span such as 00:00:30 (d.hh:mm:ss)",
    };

    /// <param name="configuration">What is set.</param>
    /// <param name="sections">What is read.</param>
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

    /// <summary>What a name that nothing reads is likely to mean; null where nothing is near.</summary>
    /// <param name="path">Path with colons.</param>
    /// <param name="known">The paths that are read.</param>
    public static string? FindMeant(string path, IReadOnlyCollection<string> known) =>
        NearestName.Find(path, known) ?? known.FirstOrDefault(one => LastPart(one).Equals(LastPart(path), StringComparison.OrdinalIgnoreCase));

    private static string? FindFault(string path, string value, Dictionary<string, PropertyInfo> known)
    {
        var name = SettingsSection.InEnvironment(path);
        if (known.TryGetValue(path, out var property))
        {
            return IsCollection(property) ? value.Length == 0 ? null : $"{name} is a list, one entry a setting: set {name}__0, {name}__1 and so on."
                : FindWrongValue(name, value, Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType);
        }

        // A list or a map has its entries below its name; an empty section of a file holds nothing.
        if (IsEntry(path, known) || (value.Length == 0 && known.Keys.Any(one => one.StartsWith(path + ":", StringComparison.OrdinalIgnoreCase))))
        {
            return null;
        }

        var hint = FindMeant(path, known.Keys) is { } meant
            ? $"did you mean {SettingsSection.InEnvironment(meant)}?"
            : "docs/settings.md lists those that there are.";
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
