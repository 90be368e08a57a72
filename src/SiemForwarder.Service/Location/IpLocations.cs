using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using SiemForwarder.Events;
using SiemForwarder.Events.Addresses;

namespace SiemForwarder.Service.Location;

/// <summary>Says where an address is, by the configured files; remembers what it was asked, so that the same address costs nothing again.</summary>
internal sealed class IpLocations : IDisposable
{
    private const int MaxRemembered = 50_000;

    private readonly LocationFile? city;
    private readonly LocationFile? asn;
    private readonly TimeProvider time;
    private readonly TimeSpan interval;
    private readonly ConcurrentDictionary<string, EventLocation> known = new(StringComparer.Ordinal);
    private readonly Lock access = new();
    private long lookedAt;
    private int remembered;

    public IpLocations(IOptions<LocationOptions> options, TimeProvider time, ILogger<IpLocations> logger)
    {
        city = options.Value.CityDatabase is { Length: > 0 } cities ? new LocationFile(cities, logger) : null;
        asn = options.Value.AsnDatabase is { Length: > 0 } networks ? new LocationFile(networks, logger) : null;
        (this.time, interval) = (time, options.Value.CheckInterval);
        lock (access)
        {
            Look();
        }
    }

    /// <summary>Counts the databases that came into force: what was located under another number is located anew.</summary>
    public int Edition { get; private set; }

    /// <summary>Whether any file is configured.</summary>
    public bool IsConfigured => city is not null || asn is not null;

    /// <summary>Looks whether a file was replaced, where the last look is a while ago; the edition in force.</summary>
    public int Refresh()
    {
        if (!IsConfigured || time.GetElapsedTime(Volatile.Read(ref lookedAt)) < interval)
        {
            return Edition;
        }

        lock (access)
        {
            if (time.GetElapsedTime(lookedAt) >= interval)
            {
                Look();
            }

            return Edition;
        }
    }

    /// <summary>Where an address is; null where it is not known, not an address, or not a public one.</summary>
    public EventLocation? Find(string? ipAddress)
    {
        if (!IsConfigured || ipAddress is null)
        {
            return null;
        }

        if (!known.TryGetValue(ipAddress, out var location))
        {
            location = Locate(ipAddress);
        }

        return ReferenceEquals(location, EventLocation.Nowhere) ? null : location;
    }

    public void Dispose()
    {
        lock (access)
        {
            city?.Dispose();
            asn?.Dispose();
        }
    }

    private EventLocation Locate(string ipAddress)
    {
        var location = EventLocation.Nowhere;
        lock (access)
        {
            if (IpLiteral.Find(ipAddress) is { } address && IsPublic(address))
            {
                location = LocationRecord.Combine(city?.Find(address), asn?.Find(address));
            }

            // An attacker may come from ever new addresses: beginning anew is cheaper than knowing which is the oldest.
            if (++remembered > MaxRemembered)
            {
                known.Clear();
                remembered = 1;
            }

            known[ipAddress] = location;
        }

        return location;
    }

    private void Look()
    {
        Volatile.Write(ref lookedAt, time.GetTimestamp());
        var (first, second) = (city?.Look(), asn?.Look());
        if (first is FileChange.Replaced || second is FileChange.Replaced)
        {
            known.Clear();
            remembered = 0;
            Edition++;
        }
    }

    private static bool IsPublic(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? !(bytes[0] is 0 or 10 or 127 || bytes is [100, >= 64 and < 128, ..] or [169, 254, ..] or [172, >= 16 and < 32, ..] or [192, 168, ..])
            : !(address.IsIPv6LinkLocal || address.IsIPv6UniqueLocal || address.IsIPv6SiteLocal || IPAddress.IsLoopback(address)
                || address.Equals(IPAddress.IPv6Any));
    }
}
