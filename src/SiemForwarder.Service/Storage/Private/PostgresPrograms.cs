using System.Globalization;

namespace SiemForwarder.Service.Storage.Private;

/// <summary>Finds the PostgreSQL server programs on this machine.</summary>
internal static class PostgresPrograms
{
    private static readonly string[] VersionedFolders = ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt"];

    /// <summary>The folder that contains <c>initdb</c>, <c>pg_ctl</c> and <c>postgres</c>; null if there is none.</summary>
    public static string? FindFolder()
    {
        var onPath = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        var versioned = VersionedFolders
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories)
            .OrderByDescending(VersionOf)
            .Select(folder => Path.Combine(folder, "bin"));
        return onPath.Concat(versioned).FirstOrDefault(HoldsServer);
    }

    private static bool HoldsServer(string folder) =>
        File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "pg_ctl")) && File.Exists(Path.Combine(folder, "postgres"));

    private static double VersionOf(string folder)
    {
        var digits = Path.GetFileName(folder).Split('@', '-').Last();
        return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var version) ? version : 0;
    }
}
