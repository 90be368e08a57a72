using System.Numerics;
using System.Security.Cryptography;

namespace SiemForwarder.Events.Privacy;

/// <summary>A value that must not be visible.</summary>
/// <param name="Value">The text to search for, case-insensitive.</param>
/// <param name="Replacement">Its replacement; null to omit it.</param>
/// <param name="StandsAlone">True if it counts only without a letter or digit next to it.</param>
internal sealed record ConcealedValue(string Value, string? Replacement, bool StandsAlone);

/// <summary>Finds many values in a text in a single pass, case-insensitively, so that no choice of values and text can make it slow.</summary>
/// <remarks>Aho and Corasick, Efficient string matching, 1975: a trie of the values whose nodes know where to continue if the next character does not
/// match.</remarks>
internal sealed class ValueSearch
{
    // Nobody can construct colliding texts for a table whose order is unknown.
    private static readonly ulong Multiplier = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1;

    [ThreadStatic]
    private static char[]? foldedText;

    [ThreadStatic]
    private static int[]? foundAt;

    private readonly IReadOnlyList<ConcealedValue> values;
    private readonly long[] keys;
    private readonly int[] targets;
    private readonly int shift;

    // For each node: the value that ends there, the node to continue at, and the nearest node on that path where a value ends; 0 is the root.
    private readonly int[] ends;
    private readonly int[] fallbacks;
    private readonly int[] outputs;
    private int nodes = 1;

    /// <param name="values">Not empty, and all different even when case is ignored.</param>
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
            // A single character falls back to the root.
            var back = parents[node] == 0 ? 0 : Step(fallbacks[parents[node]], letters[node]);
            fallbacks[node] = back;
            outputs[node] = ends[back] > 0 ? back : outputs[back];
        }
    }

    /// <summary>For every position in the text the number of the longest value starting there, from 1; 0 for none. Null if there is none at all.
    /// Valid until the next search on this thread.</summary>
    /// <param name="text">Text to search.</param>
    /// <param name="onlyAlone">Whether values count only where they stand alone.</param>
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
