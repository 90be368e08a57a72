using System.Text.RegularExpressions;

namespace SiemForwarder.Service.Api;

/// <summary>Which configuration file manages a resource, and the warning to whoever changes it elsewhere.</summary>
internal static partial class Provenance
{
    /// <summary>The query parameter of a change by which a configuration file says that it manages the resource.</summary>
    public const string Parameter = "managedBy";

    public const string Description =
        "Name of the configuration file that manages it from now on; an empty one ends that. Left out, it stays as it is, and a change of what a file manages "
        + "answers the header Warning.";

    private const string Fault = "Must be 1 to 100 letters, digits, spaces, dots, dashes or underscores, such as the name of the file.";

    /// <summary>The name in force after a change; notes a fault where the one given is none.</summary>
    /// <param name="given">As in the query; null where it is left out.</param>
    /// <param name="stored">The name so far.</param>
    /// <param name="errors">Takes the fault.</param>
    public static string? Read(string? given, string? stored, FieldErrors errors)
    {
        if (given is { Length: > 0 } && !IsName(given))
        {
            errors.Add(Parameter, Fault);
        }

        return given is null ? stored : given.Length == 0 ? null : given;
    }

    /// <summary>Whether a text can name a configuration file.</summary>
    public static bool IsName(string text) => Name().IsMatch(text);

    /// <summary>Says in the answer that the change is undone by the next apply of the file that manages the resource, unless it is that file's own.</summary>
    /// <param name="response">Gets the header Warning (RFC 7234 section 5.5).</param>
    /// <param name="thing">What was changed: <c>source</c>.</param>
    /// <param name="manager">The file that manages it; null where none does.</param>
    /// <param name="given">The name in the query of the change.</param>
    public static void Warn(HttpResponse response, string thing, string? manager, string? given)
    {
        if (manager is not null && given is null)
        {
            response.Headers.Warning =
                $"299 siemforwarder \"This {thing} is managed by {manager}: change it there, since the next apply of that file undoes what was changed here.\"";
        }
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Name();
}
