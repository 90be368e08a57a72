using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Service.Location;

/// <summary>A database of records by network, in MaxMind's DB file format 2.0 (maxmind.github.io/MaxMind-DB).</summary>
/// <remarks>The library for it does not restore where this is built; the format is small. Files come from outside, so nothing in them is
/// believed unchecked.</remarks>
internal sealed class MmdbDatabase : IDisposable
{
    private const int Separator = 16;
    private const int MetadataReach = 128 * 1024;

    private readonly MmdbFile file;
    private readonly MmdbValues values;
    private readonly long nodes;
    private readonly int recordBits;
    private readonly bool isIpv6;
    private readonly long treeBytes;
    private readonly long ipv4Node;

    private MmdbDatabase(MmdbFile file)
    {
        this.file = file;
        var start = FindMetadata(file);
        if (new MmdbValues(file, start).Read(start) is not Dictionary<string, object> metadata)
        {
            throw new MmdbException("its metadata is not a map");
        }

        if (Number(metadata, "binary_format_major_version") != 2)
        {
            throw new MmdbException("it is not of format version 2");
        }

        (nodes, recordBits, isIpv6) = (Number(metadata, "node_count"), (int)Number(metadata, "record_size"), Number(metadata, "ip_version") == 6);
        treeBytes = nodes * recordBits / 4;
        if (recordBits is not (24 or 28 or 32) || treeBytes > start - Separator)
        {
            throw new MmdbException($"its search tree of {nodes} nodes of {recordBits} bits does not fit into it");
        }

        Type = metadata.GetValueOrDefault("database_type") as string ?? string.Empty;
        values = new MmdbValues(file, treeBytes + Separator);
        ipv4Node = isIpv6 ? Descend(0, new byte[12]) : 0;
    }

    /// <summary>What the file says it is: <c>GeoLite2-City</c>.</summary>
    public string Type { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="MmdbException">It is not a sound database.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static MmdbDatabase Open(string path)
    {
        var file = new MmdbFile(path);
        try
        {
            return new MmdbDatabase(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The record of an address; null where there is none.</summary>
    /// <exception cref="MmdbException">The file is broken there.</exception>
    public IReadOnlyDictionary<string, object>? Find(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && !isIpv6)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        var record = Descend(length == 4 ? ipv4Node : 0, bytes[..length]);
        if (record <= nodes)
        {
            return null;
        }

        var offset = record - nodes + treeBytes;
        return offset < treeBytes + Separator
            ? throw new MmdbException("its search tree points between tree and data")
            : values.Read(offset) as Dictionary<string, object>;
    }

    public void Dispose() => file.Dispose();

    /// <summary>Walks down the bits of an address; the record where it ends, a node where the bits do.</summary>
    private long Descend(long node, ReadOnlySpan<byte> bits)
    {
        for (var i = 0; i < bits.Length * 8 && node < nodes; i++)
        {
            node = ReadRecord(node, (bits[i / 8] >> (7 - (i % 8))) & 1);
        }

        return node;
    }

    private long ReadRecord(long node, int side)
    {
        Span<byte> bytes = stackalloc byte[8];
        var width = recordBits / 4;
        file.Read(node * width, bytes[..width]);
        return recordBits switch
        {
            24 => side == 0 ? Big(bytes[..3]) : Big(bytes[3..6]),
            28 => side == 0 ? ((long)(bytes[3] >> 4) << 24) | Big(bytes[..3]) : ((long)(bytes[3] & 0x0F) << 24) | Big(bytes[4..7]),
            _ => side == 0 ? Big(bytes[..4]) : Big(bytes[4..8]),
        };
    }

    private static long Big(ReadOnlySpan<byte> bytes)
    {
        var value = 0L;
        foreach (var one in bytes)
        {
            value = (value << 8) | one;
        }

        return value;
    }

    private static long FindMetadata(MmdbFile file)
    {
        ReadOnlySpan<byte> marker = [0xAB, 0xCD, 0xEF, .. "MaxMind.com"u8];
        var tail = new byte[(int)Math.Min(file.Length, MetadataReach)];
        file.Read(file.Length - tail.Length, tail);
        var at = tail.AsSpan().LastIndexOf(marker);
        return at < 0 ? throw new MmdbException("it has no metadata, so it is not an MMDB file") : file.Length - tail.Length + at + marker.Length;
    }

    private static long Number(Dictionary<string, object> metadata, string name) =>
        metadata.GetValueOrDefault(name) is long number ? number : throw new MmdbException($"its metadata has no {name}");
}
