using SiemForwarder.Destinations;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Preview;

/// <summary>Estimates how much an integration will send per day from the last 24 hours.</summary>
internal sealed class VolumeEstimator(SourceDirectory sources, IndexedVolume index, LoggedVolume log, TimeProvider time)
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    public async Task<VolumeResponse> RunAsync(RunnableIntegration integration, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var wanted = integration.Sources.Count > 0 ? integration.Sources : await sources.ListAsync(cancellationToken);
        var span = new VolumeSpan([.. wanted], now - Day, now);
        var indexed = await index.CountAsync(integration, span, cancellationToken);
        var volume = indexed ?? await log.CountAsync(integration, span, cancellationToken);
        var types = await MeasureAsync(integration, volume, cancellationToken);
        var method = indexed is not null ? "index" : volume.IsExact ? "log" : "sample";
        return new VolumeResponse(
            span.From, span.To, volume.FirstAt, method, volume.IsExact, volume.Stored, volume.Read,
            types.Sum(type => type.Events), types.Sum(type => type.Bytes), types.Sum(type => type.SentBytes), types);
    }

    private async Task<List<TypeVolumeResponse>> MeasureAsync(
        RunnableIntegration integration, Volume volume, CancellationToken cancellationToken)
    {
        await using var destination = integration.Kind.Open(integration.Destination, time);
        using var buffer = BatchBuffer.For(integration, destination.Limits);
        var measured = new List<(TypeVolume Type, Measure Measure)>();
        foreach (var type in volume.Types)
        {
            measured.Add((type, await MeasureAsync(integration, type, destination, buffer, cancellationToken)));
        }

        var all = measured.Aggregate(default(Measure), (sum, one) => sum.And(one.Measure));
        return
        [
            .. measured.Select(one => one.Measure.Events > 0 ? Of(one.Type, one.Measure, one.Measure.Events) : Of(one.Type, all, 0))
                .OrderByDescending(type => type.Events).ThenBy(type => type.Type, StringComparer.Ordinal),
        ];
    }

    private static async Task<Measure> MeasureAsync(
        RunnableIntegration integration, TypeVolume type, IDestination destination, BatchBuffer buffer, CancellationToken cancellationToken)
    {
        buffer.Clear();
        foreach (var one in type.Samples)
        {
            if (buffer.IsFull || !buffer.TryFormat(integration.Show(one)))
            {
                break;
            }
        }

        if (buffer.Count == 0)
        {
            return default;
        }

        var batch = buffer.ToBatch();
        var image = await destination.RenderAsync(batch, cancellationToken);
        return new Measure(batch.Count, batch.Bytes.Length, image?.Units.Sum(unit => unit.Sent.Length) ?? batch.Bytes.Length);
    }

    private static TypeVolumeResponse Of(TypeVolume type, Measure measure, int rendered) => new(
        type.Type, (long)Math.Round(type.Events), (long)Math.Round(type.Events * measure.PerEvent(measure.Bytes)),
        (long)Math.Round(type.Events * measure.PerEvent(measure.Sent)), rendered);

    /// <summary>Rendered events and their bytes.</summary>
    private readonly record struct Measure(int Events, long Bytes, long Sent)
    {
        public Measure And(Measure other) => new(Events + other.Events, Bytes + other.Bytes, Sent + other.Sent);

        public double PerEvent(long bytes) => Events == 0 ? 0 : (double)bytes / Events;
    }
}

/// <summary>The stored events for which a volume is counted.</summary>
/// <param name="Sources">Ids of the sources.</param>
/// <param name="From">Earliest event time, inclusive.</param>
/// <param name="To">Latest event time, exclusive.</param>
internal sealed record VolumeSpan(int[] Sources, DateTimeOffset From, DateTimeOffset To)
{
    public bool Contains(DateTimeOffset instant) => instant >= From && instant < To;
}
