using System.Net;
using System.Net.Sockets;
using MaxMind.Db;

namespace SiemForwarder.Service.Location;

/// <summary>A database of records by network, in MaxMind's DB file format 2.0 (maxmind.github.io/MaxMind-DB).</summary>
/// <remarks>Read into memory as a whole: a file that somebody cuts short while it is mapped would end the process.</remarks>
internal sealed class MmdbDatabase : IDisposable
{
    private readonly Reader reader;

    private MmdbDatabase(Reader reader) => this.reader = reader;

    /// <summary>What the file says it is: <c>GeoLite2-City</c>.</summary>
    public string Type => reader.Metadata.DatabaseType;

    /// <summary>Opens a file.</summary>
    /// <exception cref="MmdbException">It is not a sound database.</exception>
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

    /// <summary>The record of an address; null where there is none.</summary>
    /// <exception cref="MmdbException">The file is broken there.</exception>
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
            // Whatever the library runs into in a broken file, the file is what is wrong.
            throw new MmdbException(exception.Message, exception);
        }
    }

    public void Dispose() => reader.Dispose();
}

/// <summary>A file is not a database of the format, or is broken; the message says what is wrong in it.</summary>
internal sealed class MmdbException(string message, Exception cause) : Exception(message, cause);
