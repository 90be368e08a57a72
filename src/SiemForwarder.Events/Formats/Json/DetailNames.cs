using System.Globalization;
using System.Numerics;

namespace SiemForwarder.Events.Formats.Json;

/// <summary>
/// Converts detail names into names that every document store can index: letters, digits, hyphens and underscores, never empty, each unique per event.
/// </summary>
/// <remarks>
/// Elasticsearch and OpenSearch interpret a dot in a name as a level, so a document with both <c>a</c> and <c>a.b</c> cannot be indexed, and neither can
/// one with an empty name or a name consisting only of dots. Users choose such names if a realm lets them: attributes arrive as <c>updated_…</c>.
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

    /// <summary>Starts an event.</summary>
    /// <param name="details">Maximum number of names.</param>
    public void Begin(int details)
    {
        (count, used) = (0, 0);
        if (names.Length < details)
        {
            names = new (int, int)[(int)BitOperations.RoundUpToPowerOf2((uint)details)];
            slots = new int[names.Length * 2];
        }

        // Clears only as much of the table as this event needs, so that few names need little clearing.
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(details, 8)) * 2;
        mask = size - 1;
        slots.AsSpan(0, size).Clear();
    }

    /// <summary>The safe form of the next name; valid until the next call.</summary>
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
            // Its number in the event makes it unique.
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
