using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.S3;

/// <summary>Objects of lines, or tables of OCSF in Parquet, in a bucket of Amazon S3, or of a server that speaks its protocol, in a folder per hour.</summary>
/// <remarks>https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html.</remarks>
internal sealed class S3Destination : IDestination
{
    private readonly DestinationSettings settings;
    private readonly S3Settings own;
    private readonly TimeProvider time;
    private readonly S3Session session;
    private readonly Dictionary<int, long> lastStored = [];

    private S3Destination(DestinationSettings settings, S3Settings own, TimeProvider time)
    {
        (this.settings, this.own, this.time) = (settings, own, time);
        session = new S3Session(settings, own, time);
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "s3",
        Name = "Amazon S3",
        Description = "Stores events as lines or tables of Parquet in a bucket of Amazon S3, or of a server that speaks its protocol, by hour.",
        DefaultPorts = new Dictionary<string, int> { ["https"] = 443, ["http"] = 80 },
        Acceptance = Acceptance.Acknowledged,
        CheckServerUrl = S3Settings.CheckUrl,
        CheckSettings = static settings => S3Settings.Read(new SettingReader(settings)).Faults,
        Documentation = "src/SiemForwarder.Destinations/README.md#amazon-s3",
        Fields =
        [
            DestinationField.ServerUrl("Endpoint without the bucket: https://s3.eu-central-1.amazonaws.com."),
            DestinationField.Port,
            .. S3Settings.Fields,
            .. DestinationField.OfGzippedHttp,
            .. DestinationField.OfTls,
        ],
        Open = static (settings, time) => new S3Destination(settings, S3Settings.Read(new SettingReader(settings.Settings)), time),
    };

    public BatchLimits Limits { get; } = new(MaxEvents: 5000, MaxBytes: 8 * 1024 * 1024);

    public async Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (batch.Count == 0)
        {
            return new DeliveryOutcome.Delivered("nothing to store");
        }

        var sourceId = batch.Events[0].Source.Id;
        await WaitForIntervalAsync(batch, sourceId, cancellationToken);
        var result = await StoreAsync(session, batch, isFirst: !lastStored.ContainsKey(sourceId), cancellationToken);
        if (result.Retry.Count == 0 && result.Fault is null)
        {
            lastStored[sourceId] = time.GetTimestamp();
        }

        return result.Fault is { Category: ErrorCategory.Rejected } tooLarge && result.Retry.Count == batch.Count
            ? new DeliveryOutcome.Rejected($"Integration '{settings.IntegrationName}': {tooLarge.What} {tooLarge.Advice}", tooLarge.What)
            : result.ToOutcome(settings.IntegrationName, batch.Count, "event", $"stored in the bucket '{own.Bucket}'");
    }

    public async Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var layout = new S3Layout(settings, own);
        if (!layout.Cut(batch).TryGet(out var groups, out var fault))
        {
            return new WireImage([], $"{fault.What} {fault.Advice}");
        }

        var units = new List<WireUnit>(groups.Count);
        foreach (var group in groups)
        {
            using var item = await S3Object.OfAsync(layout, group, cancellationToken);
            units.Add(new WireUnit(WireUnitKind.File, default, item.Lines.ToArray(), item.Bytes.ToArray()));
        }

        return new WireImage(
            units, $"Stored as {string.Join(", ", groups.Select(layout.KeyOf))} in the bucket '{own.Bucket}'; the head of the requests is not shown.");
    }

    public async Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var log = new StageLog(time);
        using var ofTest = new S3Session(settings, own, time);
        if (!await ofTest.ReachAsync(log, cancellationToken))
        {
            return log.ToReport(default, default);
        }

        var result = await StoreAsync(ofTest, batch, isFirst: true, cancellationToken);
        if (result.Fault is { Category: ErrorCategory.Authentication or ErrorCategory.Authorization } refused)
        {
            log.Failed(TestStageName.Authentication, refused);
            return log.ToReport(default, default);
        }

        var layout = new S3Layout(settings, own);
        if (result.Fault is { } fault)
        {
            log.Failed(TestStageName.Acceptance, fault);
        }
        else if (layout.Cut(batch).TryGet(out var groups, out _))
        {
            log.Passed(TestStageName.Authentication, $"the server accepted the signature of {ofTest.Identity}");
            log.Passed(TestStageName.Acceptance, $"the bucket '{own.Bucket}' has the test event. To see it: {layout.KeyOf(groups[0])}");
        }

        return log.ToReport(batch.Bytes.ToArray(), default);
    }

    public ValueTask DisposeAsync()
    {
        session.Dispose();
        return ValueTask.CompletedTask;
    }

    // Events that trickle in would otherwise make an object each, and readers of a lake pay by the object.
    private async Task WaitForIntervalAsync(DeliveryBatch batch, int sourceId, CancellationToken cancellationToken)
    {
        if (lastStored.TryGetValue(sourceId, out var last) && batch.Count < Limits.MaxEvents / 2 && batch.Bytes.Length < Limits.MaxBytes / 2
            && own.Interval - time.GetElapsedTime(last) is var wait && wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, time, cancellationToken);
        }
    }

    private async Task<SettledBatch> StoreAsync(S3Session with, DeliveryBatch batch, bool isFirst, CancellationToken cancellationToken)
    {
        var layout = new S3Layout(settings, own);
        if (!layout.Cut(batch).TryGet(out var groups, out var none))
        {
            return new SettledBatch([], [.. Enumerable.Range(0, batch.Count)], none);
        }

        for (var number = 0; number < groups.Count; number++)
        {
            var group = groups[number];
            if (isFirst)
            {
                var cut = await with.CutAsStoredAsync(layout, group, cancellationToken);
                if (cut.Fault is not null)
                {
                    return new SettledBatch([], Indexes(groups.Skip(number)), cut.Fault);
                }

                if (cut.Stored > 0)
                {
                    // What an attempt before a crash stored keeps its object; the rest gets one of its own, which may be stored as well.
                    groups.Insert(number + 1, group.Behind(cut.Stored));
                    group = group.First(cut.Stored);
                }
            }

            using var item = await S3Object.OfAsync(layout, group, cancellationToken);
            if (await with.StoreAsync(item, cancellationToken) is { } fault)
            {
                return new SettledBatch([], Indexes([group, .. groups.Skip(number + 1)]), fault);
            }
        }

        return new SettledBatch([], [], null);
    }

    private static List<int> Indexes(IEnumerable<S3Group> groups) => [.. groups.SelectMany(group => group.Indexes).Order()];
}
