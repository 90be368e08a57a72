namespace SiemForwarder.Detections.State;

/// <summary>Of the <see cref="Parties"/> of an event what comparing them needs, and no text: one for an event, shared by all groups that keep it.</summary>
internal class PartyPrint
{
    private PartyNumbers hashes;

    public PartyPrint(ReadOnlySpan<uint> hashes, uint set = Parties.All) => Set(hashes, set);

    public ReadOnlySpan<uint> Hashes => hashes;

    /// <summary>Those on which two events agree.</summary>
    public uint Shared(PartyPrint other)
    {
        var shared = Parties.None;
        for (var index = 0; index < Parties.Count; index++)
        {
            shared |= hashes[index] != 0 && hashes[index] == other.hashes[index] ? 1u << index : 0;
        }

        return shared;
    }

    public void WriteTo(SnapshotWriter writer)
    {
        // Who acts on themselves is written once: the same account twice gives 0.
        for (var index = 0; index < Parties.Count; index++)
        {
            writer.Write((long)(index is 4 or 5 ? hashes[index] ^ hashes[index - 2] : hashes[index]));
        }
    }

    public static PartyPrint ReadFrom(SnapshotReader reader)
    {
        Span<uint> hashes = stackalloc uint[Parties.Count];
        for (var index = 0; index < Parties.Count; index++)
        {
            hashes[index] = (uint)reader.ReadInt64() ^ (index is 4 or 5 ? hashes[index - 2] : 0);
        }

        return new PartyPrint(hashes);
    }

    protected void Set(ReadOnlySpan<uint> next, uint set)
    {
        for (var index = 0; index < Parties.Count; index++)
        {
            hashes[index] = (set & (1u << index)) == 0 ? 0 : next[index];
        }
    }
}

/// <summary>The newest occurrence of a group, and how many before it agree with it.</summary>
/// <remarks>So a window of any length that ends with the newest is known to agree without being read.</remarks>
internal sealed class PartyRun : PartyPrint
{
    // For each field how many of the newest occurrences in a row have the value of the newest; 0 where that one has none.
    private PartyNumbers lengths;

    /// <summary>A run of one occurrence.</summary>
    public PartyRun(PartyPrint first)
        : base(first.Hashes)
    {
        for (var index = 0; index < Parties.Count; index++)
        {
            lengths[index] = Math.Min(first.Hashes[index], 1);
        }
    }

    /// <summary>Goes on with a newer occurrence.</summary>
    /// <param name="next">Its hashes.</param>
    /// <param name="set">Those of them that count.</param>
    /// <param name="count">How many occurrences the group then has.</param>
    public void Append(ReadOnlySpan<uint> next, uint set, int count)
    {
        for (var index = 0; index < Parties.Count; index++)
        {
            var hash = (set & (1u << index)) == 0 ? 0 : next[index];
            lengths[index] = hash == 0 ? 0 : count > 1 && hash == Hashes[index] ? Math.Min(lengths[index] + 1, (uint)count) : 1;
        }

        Set(next, set);
    }

    /// <summary>Puts a late occurrence between the others.</summary>
    /// <param name="late">Its hashes.</param>
    /// <param name="set">Those of them that count.</param>
    /// <param name="newer">How many occurrences are newer.</param>
    public void Insert(ReadOnlySpan<uint> late, uint set, int newer)
    {
        for (var index = 0; index < Parties.Count; index++)
        {
            if (Hashes[index] != 0 && lengths[index] >= newer)
            {
                lengths[index] = (set & (1u << index)) != 0 && late[index] == Hashes[index] ? lengths[index] + 1 : (uint)newer;
            }
        }
    }

    /// <summary>Those on which so many of the newest occurrences agree.</summary>
    public uint Shared(int newest)
    {
        var shared = Parties.None;
        for (var index = 0; index < Parties.Count; index++)
        {
            shared |= lengths[index] >= newest ? 1u << index : 0;
        }

        return shared;
    }

    /// <param name="writer">Where to.</param>
    /// <param name="count">How many occurrences the group has.</param>
    public void WriteTo(SnapshotWriter writer, int count)
    {
        WriteTo(writer);
        for (var index = 0; index < Parties.Count; index++)
        {
            writer.Write(Math.Min(lengths[index], (uint)count));
        }
    }

    public static PartyRun ReadRunFrom(SnapshotReader reader)
    {
        var run = new PartyRun(ReadFrom(reader));
        for (var index = 0; index < Parties.Count; index++)
        {
            run.lengths[index] = (uint)reader.ReadInt64();
        }

        return run;
    }
}
