using System.Diagnostics;
using System.Globalization;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.Service.Commands;

/// <summary>The file in the data folder with the addresses of the service; command-line and dynamic ports are recorded nowhere else.</summary>
internal static class ListeningFile
{
    private const string Name = "listening";

    /// <summary>Writes the process and its addresses; returns why it failed, or null.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="addresses">URLs as the server bound them.</param>
    public static string? Write(string folder, IEnumerable<string> addresses)
    {
        try
        {
            DataFolder.Make(folder);
            File.WriteAllLines(Path.Combine(folder, Name), [Environment.ProcessId.ToString(CultureInfo.InvariantCulture), .. addresses]);
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or DatabaseStartException)
        {
            return exception.Message;
        }
    }

    /// <summary>The addresses of the service that uses this data folder; none if the file is missing or its process has ended.</summary>
    public static IReadOnlyList<string> Read(string folder)
    {
        try
        {
            var lines = File.ReadAllLines(Path.Combine(folder, Name));
            if (lines.Length == 0 || !int.TryParse(lines[0], CultureInfo.InvariantCulture, out var id))
            {
                return [];
            }

            using var process = Process.GetProcessById(id);
            return lines[1..];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [];
        }
    }

    /// <summary>Removes what this process wrote; returns why it failed, or null.</summary>
    public static string? Remove(string folder)
    {
        try
        {
            File.Delete(Path.Combine(folder, Name));
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.Message;
        }
    }
}
