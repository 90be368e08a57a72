using System.Runtime.CompilerServices;

namespace SiemForwarder.Events.Json;

/// <summary>Remembers what follows from texts that repeat, such as the strings of <see cref="Utf8StringPool"/>: the same string is computed once.</summary>
/// <remarks>Thread-safe without locks: a slot holds one immutable entry, and a newer text simply takes the slot of an older one.</remarks>
/// <param name="compute">What follows from a text; pure.</param>
internal sealed class TextMemo<TResult>(Func<string, TResult> compute)
{
    private const int Slots = 1024;

    private readonly Entry?[] entries = new Entry?[Slots];

    public TResult Of(string text)
    {
        ref var slot = ref entries[RuntimeHelpers.GetHashCode(text) & (Slots - 1)];
        if (slot is { } known && ReferenceEquals(known.Text, text))
        {
            return known.Result;
        }

        var entry = new Entry(text, compute(text));
        // Nothing long is kept alive.
        if (text.Length <= Utf8StringPool.MaxPooledLength)
        {
            slot = entry;
        }

        return entry.Result;
    }

    private sealed record Entry(string Text, TResult Result);
}
