using System.Text;

namespace SiemForwarder.Simulator;

/// <summary>The stored events of one stream of a realm, sorted by time, including rows that become visible later than their timestamp.</summary>
public sealed class SimulatedEvents
{
    private readonly Lock gate = new();
    private readonly Func<long> now;
    private readonly PriorityQueue<EventRow, long> uncommitted = new();
    private readonly Random order = new(1);
    private RowBlocks blocks = new();
    private List<EventRow> rows = [];

    internal SimulatedEvents(Func<long> now) => this.now = now;

    /// <summary>Returns rows with the same timestamp in a different order each time, as a database without a tie-breaker may.</summary>
    public bool ShufflesTies { get; set; }

    /// <summary>Number of rows currently visible to queries.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                Commit();
                return rows.Count;
            }
        }
    }

    /// <summary>Adds one event.</summary>
    /// <param name="timeMs">Its timestamp; must equal the <c>time</c> in <paramref name="json"/>.</param>
    /// <param name="json">One JSON object; a leading <c>id</c> is omitted on servers without ids.</param>
    /// <param name="visibleAtMs">When its transaction commits, according to the server's clock; null for immediately.</param>
    public void Add(long timeMs, ReadOnlySpan<byte> json, long? visibleAtMs = null) => Add(timeMs, json, visibleAtMs, isPoison: false);

    /// <summary>Adds a row that the server cannot read: any page that includes it fails.</summary>
    public void AddPoison(long timeMs) =>
        Add(timeMs, Encoding.UTF8.GetBytes($$"""{"id":"{{Guid.NewGuid()}}","time":{{timeMs}},"type":"LOGIN","clientId":"x","""), null, isPoison: true);

    /// <summary>Makes the poison rows readable, as a server upgrade may.</summary>
    public void HealPoison(Func<long, string> render)
    {
        lock (gate)
        {
            for (var i = 0; i < rows.Count; i++)
            {
                if (rows[i].IsPoison)
                {
                    rows[i] = Row(rows[i].TimeMs, Encoding.UTF8.GetBytes(render(rows[i].TimeMs)), isPoison: false);
                }
            }
        }
    }

    /// <summary>Deletes every visible row, like <c>DELETE …/events</c>.</summary>
    public void Clear() => RemoveBefore(long.MaxValue);

    /// <summary>Deletes the rows older than <paramref name="timeMs"/>, like the expiry job.</summary>
    public void RemoveBefore(long timeMs)
    {
        lock (gate)
        {
            Commit();
            rows.RemoveRange(0, LowerBound(timeMs));
            if (rows.Count == 0 && uncommitted.Count == 0)
            {
                rows = [];
                blocks = new RowBlocks();
            }
        }
    }

    /// <summary>The visible rows as JSON with their ids, oldest first.</summary>
    public IReadOnlyList<string> Rows()
    {
        lock (gate)
        {
            Commit();
            return [.. rows.Select(row => Encoding.UTF8.GetString(row.Json, row.Offset, row.Length))];
        }
    }

    internal EventRow[] Select(RowQuery query)
    {
        lock (gate)
        {
            Commit();
            var low = LowerBound(query.FromMs);
            var high = query.ToMs == long.MaxValue ? rows.Count : Math.Max(low, LowerBound(query.ToMs + 1));
            var skipped = Math.Min(query.First, high - low);
            var taken = query.Max < 0 ? high - low - skipped : Math.Min(query.Max, high - low - skipped);
            var start = query.Ascending ? low + skipped : high - skipped - taken;
            var page = ShufflesTies ? Shuffled(low, high, start, taken) : [.. rows.GetRange(start, taken)];
            if (!query.Ascending)
            {
                Array.Reverse(page);
            }

            return page;
        }
    }

    private void Add(long timeMs, ReadOnlySpan<byte> json, long? visibleAtMs, bool isPoison)
    {
        lock (gate)
        {
            var row = Row(timeMs, json, isPoison);
            if (visibleAtMs is { } visibleAt && visibleAt > now())
            {
                uncommitted.Enqueue(row, visibleAt);
                return;
            }

            Insert(row);
        }
    }

    private EventRow Row(long timeMs, ReadOnlySpan<byte> json, bool isPoison)
    {
        var (block, offset) = blocks.Append(json);
        var idLength = json.StartsWith("{\"id\":\""u8) ? json[7..].IndexOf("\","u8) + 8 : 0;
        return new EventRow(timeMs, block, offset, json.Length, idLength, isPoison);
    }

    private void Commit()
    {
        while (uncommitted.TryPeek(out _, out var visibleAt) && visibleAt <= now())
        {
            Insert(uncommitted.Dequeue());
        }
    }

    private void Insert(EventRow row)
    {
        if (rows.Count == 0 || rows[^1].TimeMs <= row.TimeMs)
        {
            rows.Add(row);
            return;
        }

        rows.Insert(LowerBound(row.TimeMs + 1), row);
    }

    private int LowerBound(long timeMs)
    {
        var (low, high) = (0, rows.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = rows[middle].TimeMs < timeMs ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private EventRow[] Shuffled(int low, int high, int start, int taken)
    {
        // Groups with the same time keep their places, so only groups touched by the page are shuffled.
        var (first, end) = (start, start + taken);
        while (taken > 0 && first > low && rows[first - 1].TimeMs == rows[start].TimeMs)
        {
            first--;
        }

        while (taken > 0 && end < high && rows[end].TimeMs == rows[start + taken - 1].TimeMs)
        {
            end++;
        }

        var page = rows.GetRange(first, end - first).ToArray();
        for (var group = 0; group < page.Length;)
        {
            var next = group + 1;
            while (next < page.Length && page[next].TimeMs == page[group].TimeMs)
            {
                next++;
            }

            order.Shuffle(page.AsSpan(group, next - group));
            group = next;
        }

        return page.AsSpan(start - first, taken).ToArray();
    }
}
