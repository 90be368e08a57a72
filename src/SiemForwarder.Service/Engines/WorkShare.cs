namespace SiemForwarder.Service.Engines;

/// <summary>The arithmetic of sharing work evenly among engines: pure, no clock, no I/O.</summary>
internal static class WorkShare
{
    /// <summary>What this engine should take of the free work, and what it should give back of its own, so that nobody has more than its share.</summary>
    public static (IReadOnlyList<Work> Take, IReadOnlyList<Work> Give) Decide(IReadOnlyList<Work> work)
    {
        var (take, give) = (new List<Work>(), new List<Work>());
        foreach (var group in work.GroupBy(one => (one.Kind, one.Pool)))
        {
            var engines = group.First().Engines;
            var share = (group.Count() + engines - 1) / engines;
            // An expired lease of mine is renewed, not taken again.
            var mine = group.Where(one => one.Mine).ToList();
            take.AddRange(group.Where(one => one is { Free: true, Mine: false }).Take(share - mine.Count));
            give.AddRange(mine.Skip(share));
        }

        return (take, give);
    }
}
