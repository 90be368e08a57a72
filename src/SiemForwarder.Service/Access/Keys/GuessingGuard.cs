using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Access.Keys;

/// <summary>Counts wrong keys, and locks out addresses that send too many; others are not affected.</summary>
/// <remarks>
/// A guessing address is locked out for a minute, and twice as long each time it continues, up to an hour. If many addresses guess at one key, each
/// gets one attempt. A key that an address has used successfully keeps working from there, because many callers may share one address.
/// </remarks>
internal sealed class GuessingGuard(IOptions<AccessOptions> options, TimeProvider time)
{
    /// <summary>Maximum number of remembered addresses and keys; beyond it the oldest are dropped.</summary>
    public const int MaxRemembered = 10_000;

    private const int MaxDoublings = 6;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ProvenFor = TimeSpan.FromHours(1);

    private readonly Lock gate = new();
    private readonly Dictionary<string, Count> addresses = [];
    private readonly Dictionary<string, Count> keys = [];
    private readonly Dictionary<(string Address, string Key), DateTimeOffset> proven = [];

    /// <summary>The number of remembered addresses and keys.</summary>
    public int Remembered
    {
        get
        {
            lock (gate)
            {
                return addresses.Count + keys.Count + proven.Count;
            }
        }
    }

    /// <summary>How long an address has to wait before another key from it is checked; null if it need not wait.</summary>
    /// <param name="address">The address of the request.</param>
    /// <param name="keyId">Id of the key in the request; null if there is none.</param>
    public TimeSpan? FindWait(IPAddress? address, string? keyId)
    {
        var (name, now) = (Name(address), time.GetUtcNow());
        lock (gate)
        {
            return addresses.TryGetValue(name, out var count) && count.LockedUntil > now
                && !(keyId is not null && proven.TryGetValue((name, keyId), out var at) && now - at < ProvenFor)
                ? count.LockedUntil - now
                : null;
        }
    }

    /// <summary>Records a wrong key; true if it causes the address to be locked out.</summary>
    public bool NoteWrong(IPAddress? address, string? keyId)
    {
        var (name, now) = (Name(address), time.GetUtcNow());
        lock (gate)
        {
            var ofKey = keyId is null ? null : CountOf(keys, keyId, now);
            if (ofKey is not null)
            {
                ofKey.Wrong++;
            }

            var ofAddress = CountOf(addresses, name, now);
            var most = ofKey?.Wrong > options.Value.WrongSecretsPerKey ? 1 : options.Value.WrongKeysPerAddress;
            if (++ofAddress.Wrong < most)
            {
                return false;
            }

            ofAddress.LockedUntil = now + (Window * (1 << ofAddress.Locks));
            ofAddress.Locks = Math.Min(ofAddress.Locks + 1, MaxDoublings);
            ofAddress.Wrong = 0;
            return true;
        }
    }

    /// <summary>Records that an address used a key successfully.</summary>
    public void NoteRight(IPAddress? address, string keyId)
    {
        var now = time.GetUtcNow();
        lock (gate)
        {
            MakeRoom(proven, at => at);
            proven[(Name(address), keyId)] = now;
        }
    }

    private static Count CountOf(Dictionary<string, Count> counts, string name, DateTimeOffset now)
    {
        if (!counts.TryGetValue(name, out var count))
        {
            MakeRoom(counts, one => one.LockedUntil > one.Since ? one.LockedUntil : one.Since);
            counts.Add(name, count = new Count { Since = now });
        }

        if (now - count.Since >= Window && now >= count.LockedUntil)
        {
            // After staying quiet as long as the lockout, an address starts afresh.
            var isQuiet = now - count.LockedUntil >= Window * (1 << count.Locks);
            (count.Since, count.Wrong, count.Locks) = (now, 0, isQuiet ? 0 : count.Locks);
        }

        return count;
    }

    // A quarter at a time, so that the search for the oldest is rare.
    private static void MakeRoom<TKey, TValue>(Dictionary<TKey, TValue> counts, Func<TValue, DateTimeOffset> age)
        where TKey : notnull
    {
        if (counts.Count < MaxRemembered)
        {
            return;
        }

        foreach (var key in counts.OrderBy(pair => age(pair.Value)).Take(MaxRemembered / 4).Select(pair => pair.Key).ToList())
        {
            counts.Remove(key);
        }
    }

    // With IPv6 a whole /64 network belongs to one subscriber.
    internal static string Name(IPAddress? address) => address switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } => Convert.ToHexString(address.GetAddressBytes(), 0, 8),
        _ => address.ToString(),
    };

    private sealed class Count
    {
        public DateTimeOffset Since { get; set; }

        public int Wrong { get; set; }

        public int Locks { get; set; }

        public DateTimeOffset LockedUntil { get; set; }
    }
}
