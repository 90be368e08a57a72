namespace SiemForwarder.Events.Formats.Json;

/// <summary>The value of a member if space is short: members listed first here are omitted first.</summary>
internal enum Worth : byte
{
    Representation,

    /// <summary>The caption of a number that is also written, or a name that never changes.</summary>
    Caption,

    /// <summary>Data that the schema has no field for.</summary>
    Unmapped,

    Message,

    Detail,

    /// <summary>A repetition of another field, for searching.</summary>
    Repetition,

    /// <summary>Locations, networks, protocols.</summary>
    Context,

    /// <summary>Client, session, reason, resource.</summary>
    Fact,

    /// <summary>Never omitted, only cut if necessary: address, user, type, outcome, id, and whatever the schema requires.</summary>
    Core,
}

/// <summary>Tracks the members that can be omitted, and chooses among them if an event is too long.</summary>
/// <remarks>
/// An event is written in full and measured; the chosen members are omitted when it is written again. Members always come in the same order,
/// so their number in that order identifies them.
/// </remarks>
internal sealed class JsonRoom
{
    // An event has fewer members than can be distinguished here, because each takes several bytes.
    private const int IndexBits = 26;
    private const int LengthBits = 31;

    private Member[] members = new Member[64];
    private long[] order = new long[64];
    private int count;
    private int next;

    /// <summary>True if a member was omitted.</summary>
    public bool HasLeftOut { get; private set; }

    /// <summary>Number of the next member.</summary>
    public int Next => next;

    /// <summary>Removes all members.</summary>
    public void Clear()
    {
        count = 0;
        next = 0;
        HasLeftOut = false;
    }

    /// <summary>Starts writing the same event again.</summary>
    public void Again() => next = 0;

    /// <summary>Takes the next member in order.</summary>
    /// <param name="worth">Its worth.</param>
    /// <param name="number">Its number, for <see cref="Measured"/>.</param>
    /// <returns>False if it must be omitted.</returns>
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

    /// <summary>Records the size of a member in bytes.</summary>
    public void Measured(int number, int bytes) => members[number].Bytes = bytes;

    /// <summary>Records the size in bytes of the enclosing objects that an omitted member would bring with it.</summary>
    public void Surrounded(int number, int bytes) => members[number].Around = bytes;

    /// <summary>Records that an object was started after all, for members omitted before that.</summary>
    public void Begun(in BegunName begun)
    {
        for (var index = begun.First; index < begun.Begun; index++)
        {
            members[index].Around -= members[index].IsLeftOut ? begun.Bytes : 0;
        }
    }

    /// <summary>Restores members that fit into the given bytes, the most valuable first: objects that became empty saved more than required.</summary>
    /// <returns>False if none fits.</returns>
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

    /// <summary>Omits the least valuable members until that many bytes are saved: a single member if it is enough, otherwise the longest first.</summary>
    /// <returns>False if there was nothing left to omit.</returns>
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

    /// <summary>The members that can be omitted: the least valuable first; of equal worth the longest first; of equal length in their order.</summary>
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

    // The shortest member of the same worth that is sufficient by itself, and the first of several equally short ones.
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
