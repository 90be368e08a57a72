namespace SiemForwarder.Service.Engines;

/// <summary>The arithmetic of distributing work evenly among engines: pure, no clock, no I/O.</summary>
internal static class WorkShare
{
    /// <summary>Which free work this engine should take, and which of its own it should give back, so that no engine has more than its share.</summary>
    public static (IReadOnlyList<Work> Take, IReadOnlyList<Work> Give) Decide(IReadOnlyList<Work> work)
    {
        var (take, give) = (new List<Work>(), new List<Work>());
        foreach (var group in work.GroupBy(one => (one.Kind, one.Pool)))
        {
            // Work that others decline weighs more: it is shared by fewer.
            var share = (int)Math.Ceiling(Math.Round(group.Sum(one => 1.0 / one.Engines), 6));
            // This engine renews its own expired leases instead of taking them again.
            var mine = group.Where(one => one.Mine).ToList();
            take.AddRange(group.Where(one => one is { Free: true, Mine: false }).Take(share - mine.Count));
            give.AddRange(mine.Skip(share));
        }

        return (take, give);
    }
}
