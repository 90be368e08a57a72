using System.Security.Cryptography;
using System.Text;
using SiemForwarder.Detections.Alerts;

namespace SiemForwarder.Detections.State;

/// <summary>Writes the values of a group as one text, by which state is found: the source, then each value with its length, or that it is absent.</summary>
/// <remarks>Letter case is kept; 5 and "5" are the same. One for each engine, used again for each event.</remarks>
internal sealed class GroupKey
{
    /// <summary>Characters of one value; a longer one keeps its beginning and a hash.</summary>
    public const int MaxValueLength = 256;

    private const int SourceLength = 2;
    private const char Absent = '\0';

    private char[] buffer = new char[512];
    private int length;

    /// <summary>True where no value was there at all.</summary>
    public bool IsEmpty { get; private set; }

    public ReadOnlySpan<char> Written => buffer.AsSpan(0, length);

    /// <summary>Begins a key; the source is null where all sources make one group.</summary>
    public void Start(int? sourceId)
    {
        buffer[0] = sourceId is null ? char.MaxValue : (char)((uint)sourceId.Value >> 16);
        buffer[1] = sourceId is null ? char.MaxValue : (char)(ushort)sourceId.Value;
        length = SourceLength;
        IsEmpty = true;
    }

    public void Add(string? value)
    {
        var text = value is null ? null : Bound(value);
        if (length + 1 + MaxValueLength > buffer.Length)
        {
            Array.Resize(ref buffer, buffer.Length * 2);
        }

        buffer[length++] = text is null ? Absent : (char)(text.Length + 1);
        text?.CopyTo(buffer.AsSpan(length));
        length += text?.Length ?? 0;
        IsEmpty &= text is null;
    }

    /// <summary>The value itself, or its beginning with a hash of the whole: state does not grow with what a sender writes.</summary>
    public static string Bound(string value) => value.Length <= MaxValueLength ? value
        : string.Concat(value.AsSpan(0, MaxValueLength - 33), "#", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)).AsSpan(0, 16)));

    /// <summary>The number of the source; null where all sources make one group.</summary>
    public static int? SourceOf(string key) => key[0] == char.MaxValue ? null : (key[0] << 16) | key[1];

    public static ReadOnlySpan<char> WithoutSource(string key) => key.AsSpan(SourceLength);

    /// <summary>The value in a place; null where it was absent.</summary>
    public static string? ValueAt(string key, int index)
    {
        var at = SourceLength;
        for (; index > 0 && at < key.Length; index--)
        {
            at += key[at] == Absent ? 1 : key[at];
        }

        return at >= key.Length || key[at] == Absent ? null : key.Substring(at + 1, key[at] - 1);
    }

    /// <summary>The values that are there, with their names.</summary>
    public static List<GroupValue> Values(string key, IReadOnlyList<string> names)
    {
        var values = new List<GroupValue>(names.Count);
        for (var index = 0; index < names.Count; index++)
        {
            if (ValueAt(key, index) is { } value)
            {
                values.Add(new GroupValue(names[index], value));
            }
        }

        return values;
    }
}
