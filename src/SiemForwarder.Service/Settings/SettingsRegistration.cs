using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Settings;

/// <summary>A section of the configuration and the class that it fills.</summary>
/// <param name="Name">Path of the section, with colons.</param>
/// <param name="Type">Class with one property per setting.</param>
internal sealed record SettingsSection(string Name, Type Type)
{
    /// <summary>The settings of the section, including nested classes: the property of each, and its path with colons.</summary>
    public IEnumerable<(string Path, PropertyInfo Property)> List() => List(Name, Type);

    /// <summary>The name of a setting in the environment: two underscores for every colon.</summary>
    public static string InEnvironment(string path) => path.Replace(":", "__", StringComparison.Ordinal);

    /// <summary>Whether a property contains nested settings instead of one value.</summary>
    public static bool IsNested(PropertyInfo property) => property.PropertyType.Assembly == typeof(SettingsSection).Assembly && property.PropertyType.IsClass;

    private static IEnumerable<(string Path, PropertyInfo Property)> List(string path, Type type) =>
        from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        where property.CanWrite
        from one in IsNested(property) ? List($"{path}:{property.Name}", property.PropertyType) : [($"{path}:{property.Name}", property)]
        select one;
}

/// <summary>The default of a setting in words, if the value differs between machines.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DefaultInWordsAttribute(string words) : Attribute
{
    public string Words => words;
}

/// <summary>Requires every entry of a list to be one of the given words, case-insensitively.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class EachOneOfAttribute(params string[] words) : ValidationAttribute
{
    public override bool IsValid(object? value) =>
        value is not IEnumerable<string> list || list.All(one => words.Contains(one, StringComparer.OrdinalIgnoreCase));

    /// <summary>An error for each other entry, with the name of the list in the environment.</summary>
    public IEnumerable<string> Find(string name, IEnumerable<string> entries) =>
        from one in entries.Index()
        where !words.Contains(one.Item, StringComparer.OrdinalIgnoreCase)
        let meant = NearestName.Find(one.Item, words)
        select $"{name}__{one.Index} is '{one.Item}'; it must be one of {string.Join(", ", words)}.{(meant is null ? "" : $" Did you mean '{meant}'?")}";
}

/// <summary>Binds configuration sections, and rejects invalid values at startup, naming the settings.</summary>
internal static class SettingsRegistration
{
    /// <summary>Binds a section to its class. Ranges and required values come from the attributes; a time span without a range must be positive.</summary>
    public static IServiceCollection AddSettings<T>(this IServiceCollection services, string section)
        where T : class
    {
        services.AddOptions<T>().BindConfiguration(section).ValidateOnStart();
        return services.AddSingleton(new SettingsSection(section, typeof(T))).AddSingleton<IValidateOptions<T>>(new Validation<T>(section));
    }

    private sealed class Validation<T>(string section) : IValidateOptions<T>
        where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options)
        {
            var faults = Find(section, options).ToList();
            return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }

        private static IEnumerable<string> Find(string path, object options)
        {
            foreach (var property in options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
            {
                var (here, value) = ($"{path}:{property.Name}", property.GetValue(options));
                foreach (var fault in SettingsSection.IsNested(property) && value is not null ? Find(here, value) : FindAt(here, property, value))
                {
                    yield return fault;
                }
            }
        }

        private static IEnumerable<string> FindAt(string path, PropertyInfo property, object? value)
        {
            var rules = property.GetCustomAttributes<ValidationAttribute>().ToList();
            var words = rules.OfType<EachOneOfAttribute>();
            foreach (var fault in words.SelectMany(rule => rule.Find(SettingsSection.InEnvironment(path), (IEnumerable<string>)value!)))
            {
                yield return fault;
            }

            foreach (var rule in rules.Where(rule => rule is not EachOneOfAttribute && !rule.IsValid(value)))
            {
                yield return $"{SettingsSection.InEnvironment(path)} {Wanted(rule, value)}";
            }

            if (value is TimeSpan span && span <= TimeSpan.Zero && rules.Count == 0)
            {
                yield return $"{SettingsSection.InEnvironment(path)} is {span:c}; it must be longer than 00:00:00.";
            }
        }

        private static string Wanted(ValidationAttribute rule, object? value) => rule switch
        {
            RequiredAttribute => "is empty; it needs a value.",
            RangeAttribute range => string.Create(CultureInfo.InvariantCulture, $"is {value}; it must be from {range.Minimum} to {range.Maximum}."),
            _ => rule.FormatErrorMessage("it"),
        };
    }
}
