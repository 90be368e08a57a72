using System.Text.Json;

namespace SiemForwarder.Events.Formats.Json;

/// <summary>The kind of an object or list, which determines how it starts and ends.</summary>
internal enum Bracket : byte
{
    Object,
    List,
    Item,
}

/// <summary>An object or list that was started.</summary>
/// <param name="First">Number of its first member that can be omitted.</param>
/// <param name="Begun">Number of the next member when it was started; those before it were omitted.</param>
/// <param name="Bytes">Size of its start and end in bytes.</param>
internal readonly record struct BegunName(int First, int Begun, int Bytes);

/// <summary>The open objects and lists; each is written only when its first member is.</summary>
internal sealed class OpenNames
{
    private const int Levels = 16;

    // "name":{},
    private const int BytesAround = 6;

    private readonly byte[] names = new byte[512];
    private readonly Level[] levels = new Level[Levels];
    private int depth;
    private int begun;

    /// <summary>Bytes that the starts and ends of everything open but not yet started would take.</summary>
    public int Waiting => begun == depth ? 0 : End(depth) - End(begun) + ((depth - begun) * BytesAround);

    public void Clear() => (depth, begun) = (0, 0);

    /// <summary>Opens an object or list.</summary>
    /// <param name="bracket">Its kind.</param>
    /// <param name="name">Its name; empty for an item of a list.</param>
    /// <param name="next">Number of the next member that can be omitted.</param>
    public void Add(Bracket bracket, ReadOnlySpan<byte> name, int next)
    {
        var start = End(depth);
        name.CopyTo(names.AsSpan(start));
        levels[depth++] = new Level(bracket, start + name.Length, next, next);
    }

    /// <summary>Starts everything that is open but not yet started.</summary>
    public void Write(Utf8JsonWriter writer, int next)
    {
        for (; begun < depth; begun++)
        {
            var name = names.AsSpan(End(begun), levels[begun].End - End(begun));
            levels[begun].Begun = next;
            switch (levels[begun].Bracket)
            {
                case Bracket.Object:
                    writer.WriteStartObject(name);
                    break;
                case Bracket.List:
                    writer.WriteStartArray(name);
                    break;
                default:
                    writer.WriteStartObject();
                    break;
            }
        }
    }

    /// <summary>Closes the most recently opened one; null if it was never started.</summary>
    public BegunName? Close(Utf8JsonWriter writer)
    {
        depth--;
        if (begun <= depth)
        {
            return null;
        }

        begun = depth;
        ref readonly var level = ref levels[depth];
        if (level.Bracket == Bracket.List)
        {
            writer.WriteEndArray();
        }
        else
        {
            writer.WriteEndObject();
        }

        return new BegunName(level.First, level.Begun, level.End - End(depth) + BytesAround);
    }

    // Where the previous level's name ends.
    private int End(int level) => level == 0 ? 0 : levels[level - 1].End;

    private struct Level(Bracket bracket, int end, int first, int begun)
    {
        public readonly Bracket Bracket = bracket;
        public readonly int End = end;
        public readonly int First = first;
        public int Begun = begun;
    }
}
