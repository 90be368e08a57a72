using System.Text;

namespace SiemForwarder.Events.Json;

/// <summary>Gives the same string for the same short ASCII text, since names, realms, clients and addresses repeat from event to event.</summary>
/// <remarks>Thread-safe without locks: a slot holds one immutable string, and a newer text simply takes the slot of an older one.</remarks>
internal static class Utf8StringPool
{
    private const int MaxPooledLength = 40;
    private const int Slots = 4096;

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

    // FNV-1a: short texts, and nothing depends on how well it spreads but the hit rate.
    private static int Hash(ReadOnlySpan<byte> utf8)
    {
        var hash = 2166136261u;
        foreach (var octet in utf8)
        {
            hash = (hash ^ octet) * 16777619u;
        }

        return (int)(hash ^ (hash >> 15)) & int.MaxValue;
    }
}
