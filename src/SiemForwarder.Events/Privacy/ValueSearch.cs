using System.Numerics;
using System.Security.Cryptography;

namespace SiemForwarder.Events.Privacy;

/// <summary>A value that must not be seen.</summary>
/// <param name="Value">As it is looked for; case does not matter.</param>
/// <param name="Replacement">What stands in for it; null to leave it out.</param>
/// <param name="StandsAlone">True where it is only meant with no letter or digit beside it.</param>
internal sealed record ConcealedValue(string Value, string? Replacement, bool StandsAlone);

/// <summary>Finds many values in a text in one pass, whatever their case, so that whoever chooses values and text cannot make it slow.</summary>
/// <remarks>Aho and Corasick, Efficient string matching, 1975: a trie of the values whose nodes know where to go on when the next character does not
/// fit.</remarks>
internal sealed class ValueSearch
{
    // Nobody can choose texts that collide in a table whose order they do not know.
    private static readonly ulong Multiplier = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1;

    [ThreadStatic]
    private static char[]? foldedText;

    [ThreadStatic]
    private static int[]? foundAt;

    private readonly IReadOnlyList<ConcealedValue> values;
    private readonly long[] keys;
    private readonly int[] targets;
    private readonly int shift;

    // Of every node: the value that ends there, the node to go on at, and the nearest one on that way at which a value ends; 0 is the root.
    private readonly int[] ends;
    private readonly int[] fallbacks;
    private readonly int[] outputs;
    private int nodes = 1;

    /// <param name="values">Not empty, each another than the others even without regard to case.</param>
    public ValueSearch(IReadOnlyList<ConcealedValue> values)
    {
        this.values = values;
        var most = 1 + values.Sum(one => one.Value.Length);
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)(most * 2));
        shift = 64 - BitOperations.Log2((uint)size);
        (keys, targets) = (new long[size], new int[size]);
        (ends, fallbacks, outputs) = (new int[most], new int[most], new int[most]);
        var depths = new int[most];
        var (parents, letters) = (new int[most], new char[most]);
        for (var index = 0; index < values.Count; index++)
        {
            var node = 0;
            foreach (var letter in Fold(values[index].Value))
            {
                if (Next(node, letter) is var next && next == 0)
                {
                    next = nodes++;
                    (parents[next], letters[next], depths[next]) = (node, letter, depths[node] + 1);
                    Link(node, letter, next);
                }

                node = next;
            }

            ends[node] = index + 1;
        }

        var order = new int[nodes];
        for (var node = 0; node < nodes; node++)
        {
            order[node] = node;
        }

        Array.Sort(depths[..nodes], order);
        foreach (var node in order.AsSpan(1))
        {
            // One character alone falls back to the root.
            var back = parents[node] == 0 ? 0 : Step(fallbacks[parents[node]], letters[node]);
            fallbacks[node] = back;
            outputs[node] = ends[back] > 0 ? back : outputs[back];
        }
    }

    /// <summary>For every place of the text the number of the longest value that begins there, from 1; 0 for none. Null where there is none at all.
    /// Lives until the next search of this thread.</summary>
    /// <param name="text">Text to look in.</param>
    /// <param name="onlyAlone">Whether every value counts only where it stands alone.</param>
    public int[]? Find(string text, bool onlyAlone)
    {
        int[]? found = null;
        var folded = Fold(text);
        var node = 0;
        for (var at = 0; at < folded.Length; at++)
        {
            node = Step(node, folded[at]);
            for (var end = ends[node] > 0 ? node : outputs[node]; end > 0; end = outputs[end])
            {
                var value = values[ends[end] - 1];
                var start = at + 1 - value.Value.Length;
                if (!(onlyAlone || value.StandsAlone) || IsAlone(text, start, at + 1))
                {
                    // A longer one ends later.
                    (found ??= Cleared(text.Length))[start] = ends[end];
                }
            }
        }

        return found;
    }

    private static ReadOnlySpan<char> Fold(string text)
    {
        if (foldedText is null || foldedText.Length < text.Length)
        {
            foldedText = new char[Math.Max(256, text.Length)];
        }

        return foldedText.AsSpan(0, text.AsSpan().ToUpperInvariant(foldedText));
    }

    private static int[] Cleared(int length)
    {
        if (foundAt is null || foundAt.Length < length)
        {
            return foundAt = new int[Math.Max(256, length)];
        }

        foundAt.AsSpan(0, length).Clear();
        return foundAt;
    }

    private static bool IsAlone(string text, int start, int end) =>
        (start == 0 || !IsWord(text[start - 1])) && (end == text.Length || !IsWord(text[end]));

    private static bool IsWord(char character) => char.IsLetterOrDigit(character) || character == '_';

    private int Step(int node, char letter)
    {
        int next;
        while ((next = Next(node, letter)) == 0 && node != 0)
        {
            node = fallbacks[node];
        }

        return next;
    }

    private int Next(int node, char letter)
    {
        var key = Key(node, letter);
        for (var slot = Slot(key); keys[slot] != 0; slot = (slot + 1) & (keys.Length - 1))
        {
            if (keys[slot] == key)
            {
                return targets[slot];
            }
        }

        return 0;
    }

    private void Link(int node, char letter, int next)
    {
        var key = Key(node, letter);
        var slot = Slot(key);
        while (keys[slot] != 0)
        {
            slot = (slot + 1) & (keys.Length - 1);
        }

        (keys[slot], targets[slot]) = (key, next);
    }

    private int Slot(long key) => (int)(((ulong)key * Multiplier) >> shift);

    // Never 0, which marks a free slot.
    private static long Key(int node, char letter) => ((long)(node + 1) << 16) | letter;
}
