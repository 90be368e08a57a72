using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Access.Keys;

/// <summary>Counts wrong keys, and locks out whoever sends too many of them; others are not affected.</summary>
/// <remarks>
/// An address that guesses waits a minute, and twice as long each time it goes on, at most an hour. Where many addresses guess at one key, each of them
/// has one attempt. A key that an address has proven goes on working from there: many callers may stand behind one address.
/// </remarks>
internal sealed class GuessingGuard(IOptions<AccessOptions> options, TimeProvider time)
{
    /// <summary>Addresses and keys that are remembered; beyond, the oldest are forgotten.</summary>
    public const int MaxRemembered = 10_000;

    private const int MaxDoublings = 6;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ProvenFor = TimeSpan.FromHours(1);

    private readonly Lock gate = new();
    private readonly Dictionary<string, Count> addresses = [];
    private readonly Dictionary<string, Count> keys = [];
    private readonly Dictionary<(string Address, string Key), DateTimeOffset> proven = [];

    /// <summary>How much is remembered now.</summary>
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

    /// <summary>How long an address has to wait before another key of it is looked at; null where it need not.</summary>
    /// <param name="address">Where the request comes from.</param>
    /// <param name="keyId">Id of the key that it carries; null where it names none.</param>
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

    /// <summary>Notes a wrong key; true where the address is locked out by it.</summary>
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

    /// <summary>Notes that an address has proven a key.</summary>
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
            // Whoever kept quiet for as long as the lock itself begins anew.
            var isQuiet = now - count.LockedUntil >= Window * (1 << count.Locks);
            (count.Since, count.Wrong, count.Locks) = (now, 0, isQuiet ? 0 : count.Locks);
        }

        return count;
    }

    // A quarter at a time, so that the search for the oldest is made seldom.
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

    // Of IPv6 a whole network of 64 bits belongs to one subscriber.
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
