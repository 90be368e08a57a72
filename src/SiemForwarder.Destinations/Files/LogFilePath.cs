using System.Text.RegularExpressions;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Files;

/// <summary>Where a file URL leads: always below the operator's folder, whatever it says.</summary>
internal static partial class LogFilePath
{
    private const int MaxParts = 4;

    /// <summary>What is wrong with the URL; null where nothing is.</summary>
    public static string? Check(Uri url)
    {
        if (url.Host.Length > 0)
        {
            return $"A file has no host: write file:///{OneLine.Of(url.Host, 60)}{OneLine.Of(url.AbsolutePath, 100)} with three slashes.";
        }

        var parts = Parts(url);
        return parts.Length is 0 or > MaxParts || !parts.All(part => Part().IsMatch(part)) || url.Query.Length > 0 || url.Fragment.Length > 0
            ? "Give a name such as file:///keycloak.log: letters, digits, '.', '_' and '-', not beginning with a dot, with at most three folders before it."
            : null;
    }

    /// <summary>The file of a URL that passed <see cref="Check"/>.</summary>
    public static LogFile In(string folder, Uri url, FileSettings settings)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        return new LogFile(root, Path.Combine([root, .. Parts(url)]), settings.MaxBytes, settings.Keep);
    }

    private static string[] Parts(Uri url) => Uri.UnescapeDataString(url.AbsolutePath).Split('/', StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\z")]
    private static partial Regex Part();
}
