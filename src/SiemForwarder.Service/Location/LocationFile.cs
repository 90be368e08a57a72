using System.Net;

namespace SiemForwarder.Service.Location;

/// <summary>One configured file: opened when it exists, reopened when it is replaced, ignored while it is damaged.</summary>
internal sealed class LocationFile(string path, ILogger logger) : IDisposable
{
    private FileState? seen;
    private MmdbDatabase? database;

    /// <summary>Checks the file and returns what changed.</summary>
    public FileChange Look()
    {
        var now = FileState.Of(path);
        if (now == seen)
        {
            return FileChange.None;
        }

        if (now.Length < 0)
        {
            // Being replaced, or missing: the opened database stays in use.
            if (database is null && seen is null)
            {
                seen = now;
                logger.LogError("The location file {Path} does not exist; events are forwarded without its locations. Add the file, or remove it from "
                    + "Forwarder__Location.", path);
            }

            return FileChange.None;
        }

        seen = now;
        try
        {
            var opened = MmdbDatabase.Open(path);
            database?.Dispose();
            database = opened;
            logger.LogInformation("Location file {Path} ({Type}) is in use.", path, opened.Type);
            return FileChange.Replaced;
        }
        catch (Exception exception) when (exception is MmdbException or IOException or UnauthorizedAccessException)
        {
            logger.LogError("The location file {Path} cannot be used: {Reason}. The previous database stays in use, if any; replace the file.", path,
                exception.Message);
            return FileChange.None;
        }
    }

    /// <summary>The record of an address; null if there is none or the file is damaged there.</summary>
    public IReadOnlyDictionary<string, object>? Find(IPAddress address)
    {
        try
        {
            return database?.Find(address);
        }
        catch (MmdbException exception)
        {
            logger.LogError("The location file {Path} is damaged: {Reason}. Events are forwarded without its locations; replace the file.", path,
                exception.Message);
            database?.Dispose();
            database = null;
            return null;
        }
    }

    public void Dispose() => database?.Dispose();
}

/// <summary>The result of checking a file.</summary>
internal enum FileChange
{
    None,
    Replaced,
}
