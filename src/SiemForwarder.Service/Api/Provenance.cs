using System.Text.RegularExpressions;

namespace SiemForwarder.Service.Api;

/// <summary>Which configuration file manages a resource, and the warning for changes made elsewhere.</summary>
internal static partial class Provenance
{
    /// <summary>The query parameter by which a configuration file declares, with a change, that it manages the resource.</summary>
    public const string Parameter = "managedBy";

    public const string Description =
        "Name of the configuration file that manages the resource from now on; empty to release it. If omitted, it stays unchanged, and changing a "
        + "managed resource returns a Warning header.";

    private const string Fault = "Must be 1 to 100 letters, digits, spaces, dots, dashes or underscores, for example the file name.";

    /// <summary>The name in effect after a change; adds an error if the given one is invalid.</summary>
    /// <param name="given">As given in the query; null if omitted.</param>
    /// <param name="stored">The current name.</param>
    /// <param name="errors">Receives the error.</param>
    public static string? Read(string? given, string? stored, FieldErrors errors)
    {
        if (given is { Length: > 0 } && !IsName(given))
        {
            errors.Add(Parameter, Fault);
        }

        return given is null ? stored : given.Length == 0 ? null : given;
    }

    /// <summary>Whether a text is a valid name for a configuration file.</summary>
    public static bool IsName(string text) => Name().IsMatch(text);

    /// <summary>Warns in the response that the next apply of the managing file will undo the change, unless the change comes from that file.</summary>
    /// <param name="response">Receives the Warning header (RFC 7234 section 5.5).</param>
    /// <param name="thing">What was changed: <c>source</c>.</param>
    /// <param name="manager">The file that manages it; null if none.</param>
    /// <param name="given">The name in the query of the change.</param>
    public static void Warn(HttpResponse response, string thing, string? manager, string? given)
    {
        if (manager is not null && given is null)
        {
            response.Headers.Warning =
                $"299 siemforwarder \"This {thing} is managed by {manager}: change it there, because the next apply of that file undoes this change.\"";
        }
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Name();
}
