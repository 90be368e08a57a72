using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Detections;

/// <summary>Finds the rules of which the integrations that send now do not show all; looks again only after a change.</summary>
internal sealed class SentFields(IntegrationStore store)
{
    private KnownSpots? known;

    // What was found, and of what.
    private sealed record KnownSpots(RunningRules Rules, IReadOnlyList<(int Id, int Version)> Integrations, IReadOnlyList<UnseenSpot> Spots);

    /// <summary>The rules among those that report, and the integrations that do not show all of what they are for.</summary>
    public async Task<IReadOnlyList<UnseenSpot>> FindAsync(RunningRules rules, CancellationToken cancellationToken)
    {
        var enabled = await store.ListEnabledAsync(cancellationToken);
        List<(int, int)> versions = [.. enabled.Select(one => (one.Id, one.Version)).Order()];
        if (known is { } last && ReferenceEquals(last.Rules, rules) && last.Integrations.SequenceEqual(versions))
        {
            return last.Spots;
        }

        var runnable = enabled.Select(one => store.FindRunnable(one, out _)).OfType<RunnableIntegration>().ToList();
        var found = new KnownSpots(rules, versions, UnseenFields.Find(rules, runnable));
        known = found;
        return found.Spots;
    }
}
