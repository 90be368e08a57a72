namespace SiemForwarder.Events.Formats.Json;

/// <summary>What a member is worth where room is scarce: what stands first here is left out first.</summary>
internal enum Worth : byte
{
    Representation,

    /// <summary>A word for a number that stands there too, or a name that never changes.</summary>
    Caption,

    /// <summary>What the schema has no field for.</summary>
    Unmapped,

    Message,

    Detail,

    /// <summary>What stands in another field, for searching.</summary>
    Repetition,

    /// <summary>Places, networks, protocols.</summary>
    Context,

    /// <summary>Client, session, reason, resource.</summary>
    Fact,

    /// <summary>Never left out, cut at the most: address, user, type, outcome, id, and what the schema requires.</summary>
    Core,
}

/// <summary>Keeps account of the members that can be left out, and chooses among them where an event is too long.</summary>
/// <remarks>
/// An event is written whole and measured; what is chosen is left out when it is written again. The members come in the same order each time,
/// so their number in that order is their name.
/// </remarks>
internal sealed class JsonRoom
{
    // An event has fewer members than this tells apart, since each takes some bytes of it.
    private const int IndexBits = 26;
    private const int LengthBits = 31;

    private Member[] members = new Member[64];
    private long[] order = new long[64];
    private int count;
    private int next;

    /// <summary>True where a member was left out.</summary>
    public bool HasLeftOut { get; private set; }

    /// <summary>Number of the next member.</summary>
    public int Next => next;

    /// <summary>Forgets all members.</summary>
    public void Clear()
    {
        count = 0;
        next = 0;
        HasLeftOut = false;
    }

    /// <summary>Begins to write the same event once more.</summary>
    public void Again() => next = 0;

    /// <summary>Takes the next member in order.</summary>
    /// <param name="worth">What it is worth.</param>
    /// <param name="number">Its number, for <see cref="Measured"/>.</param>
    /// <returns>False where it is to be left out.</returns>
    public bool Takes(Worth worth, out int number)
    {
        number = next++;
        if (number == count)
        {
            if (count == members.Length)
            {
                Array.Resize(ref members, count * 2);
            }

            members[count++] = new Member(worth);
        }

        return !members[number].IsLeftOut;
    }

    /// <summary>Notes how many bytes a member takes.</summary>
    public void Measured(int number, int bytes) => members[number].Bytes = bytes;

    /// <summary>Notes how many bytes the objects around a member that is left out would take with it.</summary>
    public void Surrounded(int number, int bytes) => members[number].Around = bytes;

    /// <summary>Notes that an object is there after all, for those that were left out before it was begun.</summary>
    public void Begun(in BegunName begun)
    {
        for (var index = begun.First; index < begun.Begun; index++)
        {
            members[index].Around -= members[index].IsLeftOut ? begun.Bytes : 0;
        }
    }

    /// <summary>Takes back members that fit into so many bytes, what is worth most first: objects that became empty saved more than was asked.</summary>
    /// <returns>False where none fits.</returns>
    public bool Restore(int bytes)
    {
        var restores = false;
        for (var worth = Worth.Core; worth-- > Worth.Representation;)
        {
            for (var index = 0; index < count; index++)
            {
                ref var member = ref members[index];
                var needed = member.Bytes + member.Around + 1;
                if (member.Worth == worth && member.IsLeftOut && needed <= bytes)
                {
                    bytes -= needed;
                    member.IsLeftOut = false;
                    restores = true;
                }
            }
        }

        return restores;
    }

    /// <summary>Leaves out what is worth least until so many bytes are saved: one member that is enough alone, else the longest first.</summary>
    /// <returns>False where nothing was left to leave out.</returns>
    public bool Save(int bytes)
    {
        var candidates = Order();
        var saves = false;
        for (var place = 0; place < candidates.Length && bytes > 0; place++)
        {
            ref readonly var longest = ref members[IndexOf(candidates[place])];
            var chosen = longest.Bytes < bytes ? place : LastThatSaves(candidates, place, bytes);
            ref var member = ref members[IndexOf(candidates[chosen])];
            bytes -= member.Bytes;
            member.IsLeftOut = true;
            saves = true;
        }

        HasLeftOut |= saves;
        return saves;
    }

    /// <summary>The members that can be left out: those of less worth first, of the same worth the longest first, of the same length in their order.</summary>
    private ReadOnlySpan<long> Order()
    {
        if (order.Length < count)
        {
            order = new long[members.Length];
        }

        var known = 0;
        for (var index = 0; index < count; index++)
        {
            ref readonly var member = ref members[index];
            if (!member.IsLeftOut && member.Bytes > 0)
            {
                order[known++] = ((long)member.Worth << (IndexBits + LengthBits)) | ((long)(int.MaxValue - member.Bytes) << IndexBits) | (uint)index;
            }
        }

        order.AsSpan(0, known).Sort();
        return order.AsSpan(0, known);
    }

    // The shortest of the same worth that is enough alone, and of several as short the first.
    private int LastThatSaves(ReadOnlySpan<long> candidates, int place, int bytes)
    {
        var (worth, chosen) = (members[IndexOf(candidates[place])].Worth, place);
        for (var next = place + 1; next < candidates.Length; next++)
        {
            ref readonly var member = ref members[IndexOf(candidates[next])];
            if (member.Worth != worth || member.Bytes < bytes)
            {
                break;
            }

            chosen = member.Bytes < members[IndexOf(candidates[chosen])].Bytes ? next : chosen;
        }

        return chosen;
    }

    private static int IndexOf(long candidate) => (int)(candidate & ((1 << IndexBits) - 1));

    private struct Member(Worth worth)
    {
        public readonly Worth Worth = worth;
        public int Bytes;
        public int Around;
        public bool IsLeftOut;
    }
}
