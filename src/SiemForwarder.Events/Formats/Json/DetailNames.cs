using System.Globalization;
using System.Numerics;

namespace SiemForwarder.Events.Formats.Json;

/// <summary>
/// Makes names of details that every document store can index: letters, digits, hyphens and underscores, never empty, each once in an event.
/// </summary>
/// <remarks>
/// Elasticsearch and OpenSearch read a dot in a name as a level, so <c>a</c> beside <c>a.b</c> makes a document that cannot be indexed, as an
/// empty name or one of dots alone does. Users choose such names where a realm lets them: attributes come as <c>updated_…</c>.
/// </remarks>
internal sealed class DetailNames
{
    private const int MaxLength = 128;

    private char[] characters = new char[2048];
    private (int Start, int Length)[] names = new (int, int)[64];
    private int[] slots = new int[128];
    private int mask;
    private int count;
    private int used;

    /// <summary>Begins an event.</summary>
    /// <param name="details">How many names it has at most.</param>
    public void Begin(int details)
    {
        (count, used) = (0, 0);
        if (names.Length < details)
        {
            names = new (int, int)[(int)BitOperations.RoundUpToPowerOf2((uint)details)];
            slots = new int[names.Length * 2];
        }

        // Only as much of the table as this event needs, so that few names need little clearing.
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(details, 8)) * 2;
        mask = size - 1;
        slots.AsSpan(0, size).Clear();
    }

    /// <summary>The safe form of the next name; lives until the next call.</summary>
    public ReadOnlySpan<char> Next(ReadOnlySpan<char> name)
    {
        var start = used;
        Reserve(MaxLength);
        foreach (var character in Text.Texts.Cut(name, MaxLength))
        {
            characters[used++] = char.IsLetterOrDigit(character) || character is '-' or '_' ? character : '_';
        }

        if (used == start)
        {
            characters[used++] = '_';
        }

        while (!TryAdd(characters.AsSpan(start, used - start)))
        {
            // Its number in the event tells it from the other.
            Reserve(MaxLength);
            characters[used++] = '_';
            count.TryFormat(characters.AsSpan(used), out var digits, default, CultureInfo.InvariantCulture);
            used += digits;
        }

        names[count++] = (start, used - start);
        return characters.AsSpan(start, used - start);
    }

    private bool TryAdd(ReadOnlySpan<char> name)
    {
        var slot = string.GetHashCode(name, StringComparison.Ordinal) & mask;
        while (slots[slot] is > 0 and var taken)
        {
            var (start, length) = names[taken - 1];
            if (name.SequenceEqual(characters.AsSpan(start, length)))
            {
                return false;
            }

            slot = (slot + 1) & mask;
        }

        slots[slot] = count + 1;
        return true;
    }

    private void Reserve(int more)
    {
        if (characters.Length - used < more)
        {
            Array.Resize(ref characters, Math.Max(characters.Length * 2, used + more));
        }
    }
}
