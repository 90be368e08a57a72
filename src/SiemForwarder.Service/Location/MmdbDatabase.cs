using System.Net;
using System.Net.Sockets;
using MaxMind.Db;

namespace SiemForwarder.Service.Location;

/// <summary>A database of records by network, in MaxMind's DB file format 2.0 (maxmind.github.io/MaxMind-DB).</summary>
/// <remarks>Read into memory completely: truncating a mapped file would crash the process.</remarks>
internal sealed class MmdbDatabase : IDisposable
{
    private readonly Reader reader;

    private MmdbDatabase(Reader reader) => this.reader = reader;

    /// <summary>The database type given in the file: <c>GeoLite2-City</c>.</summary>
    public string Type => reader.Metadata.DatabaseType;

    /// <summary>Opens a file.</summary>
    /// <exception cref="MmdbException">It is not a valid database.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static MmdbDatabase Open(string path)
    {
        try
        {
            return new MmdbDatabase(new Reader(path, FileAccessMode.Memory));
        }
        catch (Exception exception) when (exception is not (IOException or UnauthorizedAccessException))
        {
            throw new MmdbException(exception.Message, exception);
        }
    }

    /// <summary>The record of an address; null if there is none.</summary>
    /// <exception cref="MmdbException">The file is damaged there.</exception>
    public IReadOnlyDictionary<string, object>? Find(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && reader.Metadata.IPVersion == 4)
        {
            return null;
        }

        try
        {
            return reader.Find<object>(address) as Dictionary<string, object>;
        }
        catch (Exception exception)
        {
            // Whatever the library throws for a damaged file, the file is at fault.
            throw new MmdbException(exception.Message, exception);
        }
    }

    public void Dispose() => reader.Dispose();
}

/// <summary>The file is not a database of this format, or is damaged; the message says what is wrong.</summary>
internal sealed class MmdbException(string message, Exception cause) : Exception(message, cause);
