using System.Security.Cryptography;

namespace SiemForwarder.Destinations.Sockets;

/// <summary>Counts how often a receiver refused the same message: a full queue passes, a message that it cannot take does not.</summary>
/// <param name="most">Refusals after which a message counts as refused for good.</param>
internal sealed class RefusalCount(int most)
{
    // A receiver that refuses everything is held long before so many are known.
    private const int MaxKnown = 20_000;

    private readonly Dictionary<string, int> refusals = new(StringComparer.Ordinal);

    /// <summary>Notes a refusal; whether the message is refused for good now.</summary>
    public bool IsFinal(ReadOnlySpan<byte> message)
    {
        if (refusals.Count >= MaxKnown)
        {
            refusals.Clear();
        }

        var key = Key(message);
        refusals[key] = Math.Min(most, refusals.GetValueOrDefault(key) + 1);
        return refusals[key] == most;
    }

    /// <summary>Forgets a message that was taken after all.</summary>
    public void Forget(ReadOnlySpan<byte> message)
    {
        if (refusals.Count > 0)
        {
            refusals.Remove(Key(message));
        }
    }

    private static string Key(ReadOnlySpan<byte> message) => Convert.ToHexString(SHA256.HashData(message));
}
