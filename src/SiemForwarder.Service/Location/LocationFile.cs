using System.Net;

namespace SiemForwarder.Service.Location;

/// <summary>One configured file: opened when it is there, opened anew when it was replaced, left out while it is broken.</summary>
internal sealed class LocationFile(string path, ILogger logger) : IDisposable
{
    private FileState? seen;
    private MmdbDatabase? database;

    /// <summary>Looks at the file; true where another database is in force than before.</summary>
    public FileChange Look()
    {
        var now = FileState.Of(path);
        if (now == seen)
        {
            return FileChange.None;
        }

        if (now.Length < 0)
        {
            // While somebody replaces it, or forgot to put it there: what was opened stays in force.
            if (database is null && seen is null)
            {
                seen = now;
                logger.LogError("The location file {Path} does not exist; events flow on without its locations. Put it there, or leave it out of "
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
            logger.LogInformation("Location file {Path} ({Type}) is in force.", path, opened.Type);
            return FileChange.Replaced;
        }
        catch (Exception exception) when (exception is MmdbException or IOException or UnauthorizedAccessException)
        {
            logger.LogError("The location file {Path} cannot be used: {Reason}. Events flow on with what was in force before; put a sound file there.", path,
                exception.Message);
            return FileChange.None;
        }
    }

    /// <summary>The record of an address; null where there is none or the file is broken there.</summary>
    public IReadOnlyDictionary<string, object>? Find(IPAddress address)
    {
        try
        {
            return database?.Find(address);
        }
        catch (MmdbException exception)
        {
            logger.LogError("The location file {Path} is broken: {Reason}. Events flow on without its locations; put a sound file there.", path,
                exception.Message);
            database?.Dispose();
            database = null;
            return null;
        }
    }

    public void Dispose() => database?.Dispose();
}

/// <summary>What a look at a file found.</summary>
internal enum FileChange
{
    None,
    Replaced,
}
