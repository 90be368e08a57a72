using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using SiemForwarder.Detections.Alerts;
using SiemForwarder.Events;

namespace SiemForwarder.Detections.State;

/// <summary>Who took part in an event and where: the fields that an alert names where all its events agree on them.</summary>
/// <remarks>A set of them is a number with a bit for each.</remarks>
internal static class Parties
{
    public const int Count = 9;

    public const uint None = 0;

    public const uint All = (1u << Count) - 1;

    private static readonly string[] Names =
        ["realm", "realmId", "username", "userId", "actor.username", "actor.userId", "clientId", "sessionId", "ip"];

    /// <summary>Those of an event that are in the set, with their values.</summary>
    /// <param name="securityEvent">The event; null has none.</param>
    /// <param name="set">The wanted ones.</param>
    public static List<GroupValue> Values(SecurityEvent? securityEvent, uint set)
    {
        var values = new List<GroupValue>(BitOperations.PopCount(set));
        for (; securityEvent is not null && set != None; set &= set - 1)
        {
            var index = BitOperations.TrailingZeroCount(set);
            if (Find(securityEvent, index) is { Length: > 0 } value)
            {
                values.Add(new GroupValue(Names[index], value));
            }
        }

        return values;
    }

    /// <summary>A number for each value of an event; 0 where it has none.</summary>
    public static void Hash(SecurityEvent securityEvent, Span<uint> hashes)
    {
        for (var index = 0; index < Count; index++)
        {
            hashes[index] = Find(securityEvent, index) is { Length: > 0 } value ? Hash(value) : 0;
        }
    }

    private static string? Find(SecurityEvent securityEvent, int index) => index switch
    {
        0 => securityEvent.Source.Realm,
        1 => securityEvent.RealmId,
        2 => securityEvent.Subject?.Name,
        3 => securityEvent.Subject?.Id,
        4 => securityEvent.Actor?.Name,
        5 => securityEvent.Actor?.Id,
        6 => securityEvent.ClientId,
        7 => securityEvent.SessionId,
        _ => securityEvent.IpAddress,
    };

    // The same in each process, as it is kept in snapshots. Who makes two names collide gains nothing: they could as well write the same name twice.
    private static uint Hash(string value)
    {
        const ulong Prime = 0x9E3779B97F4A7C15;
        var hash = (ulong)value.Length;
        var wide = MemoryMarshal.Cast<char, ulong>(value.AsSpan());
        foreach (var four in wide)
        {
            hash = BitOperations.RotateLeft((hash ^ four) * Prime, 29);
        }

        foreach (var one in value.AsSpan(wide.Length * 4))
        {
            hash = BitOperations.RotateLeft((hash ^ one) * Prime, 29);
        }

        return Math.Max(1, (uint)((hash * Prime) >> 32));
    }
}

/// <summary>The <see cref="Parties"/> of an event as text, for an alert that is made when the event is no longer at hand.</summary>
internal sealed class KeptParties(IReadOnlyList<GroupValue> values)
{
    public static KeptParties None { get; } = new([]);

    public IReadOnlyList<GroupValue> Values { get; } = values;

    public static KeptParties Of(Occasion occasion) =>
        new(Parties.Values(occasion.Event, Parties.All).ConvertAll(one => one with { Value = GroupKey.Bound(one.Value) }));

    public void WriteTo(SnapshotWriter writer)
    {
        writer.Write(Values.Count);
        foreach (var (name, value) in Values)
        {
            writer.Write(name);
            writer.Write(value);
        }
    }

    public static KeptParties ReadFrom(SnapshotReader reader)
    {
        var values = new List<GroupValue>();
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            values.Add(new GroupValue(reader.ReadString(), reader.ReadString()));
        }

        return values.Count == 0 ? None : new KeptParties(values);
    }
}

/// <summary>A number for each of the <see cref="Parties"/>.</summary>
[InlineArray(Parties.Count)]
internal struct PartyNumbers
{
    private uint first;
}
