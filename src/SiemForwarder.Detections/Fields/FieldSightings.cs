namespace SiemForwarder.Detections.Fields;

/// <summary>When rules asked for each field, and when an event had it: a field that no event has is misspelt, or not stored by Keycloak.</summary>
/// <param name="table">The fields.</param>
internal sealed class FieldSightings(FieldTable table)
{
    /// <summary>How long a field must have been asked for in vain, in time of the events.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(7);

    private const long Never = long.MinValue;

    private readonly Sighting[] sightings = [.. Enumerable.Repeat(new Sighting(Never, Never, Never), table.Count)];

    // Milliseconds of event time: when it was asked for first and last, and when an event last had it.
    private record struct Sighting(long FirstAsked, long LastAsked, long LastFound);

    /// <summary>A field of an event was looked at.</summary>
    /// <param name="slot">Place of the field.</param>
    /// <param name="atMs">Time of the event.</param>
    /// <param name="isFound">Whether the event has it.</param>
    public void Note(int slot, long atMs, bool isFound)
    {
        ref var sighting = ref sightings[slot];
        sighting.FirstAsked = sighting.FirstAsked == Never ? atMs : Math.Min(sighting.FirstAsked, atMs);
        sighting.LastAsked = Math.Max(sighting.LastAsked, atMs);
        if (isFound)
        {
            sighting.LastFound = Math.Max(sighting.LastFound, atMs);
        }
    }

    /// <summary>Those of some fields that were asked for throughout <see cref="Patience"/>, and that no event of that time had.</summary>
    /// <param name="names">Normalized names.</param>
    public IReadOnlyList<string> FindUnseen(IEnumerable<string> names) =>
        [.. names.Where(name => table.FindSlot(name) is { } slot && IsUnseen(sightings[slot]))];

    public void WriteTo(BinaryWriter writer)
    {
        writer.Write(sightings.Length);
        for (var slot = 0; slot < sightings.Length; slot++)
        {
            writer.Write(table.Names[slot]);
            writer.Write(sightings[slot].FirstAsked);
            writer.Write(sightings[slot].LastAsked);
            writer.Write(sightings[slot].LastFound);
        }
    }

    /// <summary>Takes in what was written; fields that no rule names any more are left out.</summary>
    public void ReadFrom(BinaryReader reader)
    {
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var slot = table.FindSlot(reader.ReadString());
            var sighting = new Sighting(reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64());
            if (slot is { } known)
            {
                sightings[known] = sighting;
            }
        }
    }

    private static bool IsUnseen(in Sighting sighting)
    {
        var since = sighting.LastAsked - (long)Patience.TotalMilliseconds;
        return sighting.FirstAsked != Never && sighting.FirstAsked <= since && sighting.LastFound < since;
    }
}
