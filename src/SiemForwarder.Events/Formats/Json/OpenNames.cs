using System.Text.Json;

namespace SiemForwarder.Events.Formats.Json;

/// <summary>What an object or list is, for its beginning and its end.</summary>
internal enum Bracket : byte
{
    Object,
    List,
    Item,
}

/// <summary>An object or list that was begun.</summary>
/// <param name="First">Number of the first member that could be left out in it.</param>
/// <param name="Begun">Number of the one that was next when it was begun: those before it were left out.</param>
/// <param name="Bytes">Bytes of its beginning and end.</param>
internal readonly record struct BegunName(int First, int Begun, int Bytes);

/// <summary>The objects and lists that are open; each is begun only when its first member comes.</summary>
internal sealed class OpenNames
{
    private const int Levels = 16;

    // "name":{},
    private const int BytesAround = 6;

    private readonly byte[] names = new byte[512];
    private readonly Level[] levels = new Level[Levels];
    private int depth;
    private int begun;

    /// <summary>Bytes that the beginnings and ends of what is open and not begun would take.</summary>
    public int Waiting => begun == depth ? 0 : End(depth) - End(begun) + ((depth - begun) * BytesAround);

    public void Clear() => (depth, begun) = (0, 0);

    /// <summary>Opens one.</summary>
    /// <param name="bracket">What it is.</param>
    /// <param name="name">Its name; nothing for an item of a list.</param>
    /// <param name="next">Number of the next member that can be left out.</param>
    public void Add(Bracket bracket, ReadOnlySpan<byte> name, int next)
    {
        var start = End(depth);
        name.CopyTo(names.AsSpan(start));
        levels[depth++] = new Level(bracket, start + name.Length, next, next);
    }

    /// <summary>Begins what is open and not begun.</summary>
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

    /// <summary>Ends what was opened last; null where it was never begun.</summary>
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

    // Where the name of the level before ends.
    private int End(int level) => level == 0 ? 0 : levels[level - 1].End;

    private struct Level(Bracket bracket, int end, int first, int begun)
    {
        public readonly Bracket Bracket = bracket;
        public readonly int End = end;
        public readonly int First = first;
        public int Begun = begun;
    }
}
