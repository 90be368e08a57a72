namespace SiemForwarder.Tests.Support;

/// <summary>Finds the files of the repository and of the shared folder beside it.</summary>
public static class RepositoryFiles
{
    public static string Root { get; } = FindRoot();

    /// <summary>Path of a file in the shared folder beside the repository; the test is skipped where it is missing.</summary>
    public static string Shared(params string[] parts)
    {
        var path = Path.Combine([Root, "..", "shared", .. parts]);
        Skip.Unless(File.Exists(path) || Directory.Exists(path), $"shared/{string.Join('/', parts)} is not on this machine");
        return Path.GetFullPath(path);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "SiemForwarder.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
