using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using SiemForwarder.Events;
using SiemForwarder.Events.Addresses;

namespace SiemForwarder.Service.Location;

/// <summary>Looks up the location of an address in the configured files, with a cache, so that a repeated address costs nothing.</summary>
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

    /// <summary>Grows with every database that comes into use: locations found under another edition are looked up again.</summary>
    public int Edition { get; private set; }

    /// <summary>Whether any file is configured.</summary>
    public bool IsConfigured => city is not null || asn is not null;

    /// <summary>Checks for replaced files if the last check was a while ago; returns the current edition.</summary>
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

    /// <summary>The location of an address; null if it is unknown, not an address, or not public.</summary>
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

            // An attacker may use ever new addresses: clearing the cache is cheaper than tracking which entry is oldest.
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
