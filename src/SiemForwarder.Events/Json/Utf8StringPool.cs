using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace SiemForwarder.Events.Json;

/// <summary>Returns the same string for the same short ASCII text, because names, realms, clients and addresses repeat from event to event.</summary>
/// <remarks>Thread-safe without locks: a slot holds one immutable string, and a newer text simply replaces an older one.</remarks>
internal static class Utf8StringPool
{
    /// <summary>The length of the longest text that is pooled, in bytes: ids, names and most addresses of applications.</summary>
    public const int MaxPooledLength = 128;

    private const int Slots = 4096;

    // The odd number closest to 2^64 divided by the golden ratio: the product spreads into the high bits.
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    private static readonly string?[] Pool = new string?[Slots];

    /// <summary>The text as a string; invalid UTF-8 becomes U+FFFD.</summary>
    public static string GetString(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length is 0 or > MaxPooledLength)
        {
            return utf8.IsEmpty ? "" : Encoding.UTF8.GetString(utf8);
        }

        var slot = Hash(utf8) & (Slots - 1);
        if (Pool[slot] is { } pooled && Ascii.Equals(utf8, pooled))
        {
            return pooled;
        }

        var text = Encoding.UTF8.GetString(utf8);
        if (Ascii.IsValid(utf8))
        {
            Pool[slot] = text;
        }

        return text;
    }

    // Eight bytes at a time: most texts are ids, 36 characters long. Only the hit rate depends on how well it spreads.
    private static int Hash(ReadOnlySpan<byte> utf8)
    {
        var hash = (ulong)utf8.Length * Multiplier;
        while (utf8.Length >= sizeof(ulong))
        {
            hash = (BitOperations.RotateLeft(hash, 23) ^ BinaryPrimitives.ReadUInt64LittleEndian(utf8)) * Multiplier;
            utf8 = utf8[sizeof(ulong)..];
        }

        var rest = 0UL;
        foreach (var octet in utf8)
        {
            rest = (rest << 8) | octet;
        }

        hash = (BitOperations.RotateLeft(hash, 23) ^ rest) * Multiplier;
        return (int)(hash >> 33);
    }
}
