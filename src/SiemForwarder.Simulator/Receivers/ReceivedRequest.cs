using System.Globalization;
using System.IO.Compression;

namespace SiemForwarder.Simulator.Receivers;

/// <summary>A request as received over the wire.</summary>
/// <param name="Connection">Number of the connection, from 1.</param>
/// <param name="Head">Request line and headers, exact.</param>
/// <param name="Body">Bytes of the body, exact.</param>
public sealed record ReceivedRequest(int Connection, string Head, byte[] Body)
{
    /// <summary>Method, target and version.</summary>
    public string RequestLine => Head[..Head.IndexOf("\r\n", StringComparison.Ordinal)];

    /// <summary>The body after decompression.</summary>
    public byte[] PlainBody
    {
        get
        {
            if (FindHeader("Content-Encoding") != "gzip")
            {
                return Body;
            }

            using var plain = new MemoryStream();
            using var gzip = new GZipStream(new MemoryStream(Body), CompressionMode.Decompress);
            gzip.CopyTo(plain);
            return plain.ToArray();
        }
    }

    internal int ContentLength => int.Parse(FindHeader("Content-Length") ?? "0", CultureInfo.InvariantCulture);

    /// <summary>Value of a header, or null.</summary>
    public string? FindHeader(string name) => Head.Split("\r\n").Skip(1)
        .Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
        .Select(line => line[(name.Length + 1)..].Trim()).FirstOrDefault();
}
