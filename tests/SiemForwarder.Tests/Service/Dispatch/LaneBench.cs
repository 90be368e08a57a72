using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Events.Formats;
using SiemForwarder.Events.Privacy;
using SiemForwarder.Service.Dispatch;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Dispatch.Lanes;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Location;
using SiemForwarder.Service.Telemetry;
using SiemForwarder.Tests.Destinations;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.Service.Dispatch;

/// <summary>A lane of one integration over a log and a journal in memory, with a clock that a test moves.</summary>
internal sealed class LaneBench : IDisposable
{
    public const int SourceId = 7;
    public const int IntegrationId = 3;
    public const long Fence = 11;

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);
    private readonly IpLocations locations;

    public LaneBench()
    {
        locations = new IpLocations(Options.Create(new LocationOptions()), Time, NullLogger<IpLocations>.Instance);
        Leases = new EngineLeases(Time);
        Leases.Renewed([new Lease(LeaseKind.Integration, IntegrationId, Fence)], Time.GetTimestamp(), TimeSpan.FromDays(365));
        Destination = new AnsweringDestination(_ => new DeliveryOutcome.Delivered("ok"));
    }

    public TestClock Time { get; } = new();

    public FakeLog Log { get; } = new();

    public FakeSources Sources { get; } = new();

    public RecordingJournal Journal { get; } = new();

    public EngineLeases Leases { get; }

    public DispatchOptions Settings { get; } = new() { Retries = 0, MaxRefusalsInARow = 3 };

    public AnsweringDestination Destination { get; set; }

    public EventFilter Filter { get; set; } = EventFilter.Everything;

    public PrivacyPolicy? Privacy { get; set; }

    public IReadOnlyList<int> SelectedSources { get; set; } = [];

    public ForwarderTelemetry Telemetry { get; } = new(NullLogger<ForwarderTelemetry>.Instance);

    public RunnableIntegration Integration => new(
        IntegrationId, 1, "corp-siem", "default",
        DestinationCatalog.All[0] with { Open = (_, _) => Destination }, SomeSettings.For("tcp://siem.example.com:6514"),
        new OutputSettings(OutputType.Json, "native", null, 8192), Filter, SelectedSources)
    {
        Privacy = Privacy,
    };

    public DeliveryParts Parts => new(Sources, new SegmentNormalizer(locations, Time), Leases, Settings, Time, Telemetry);

    public BatchDelivery Live(CancellationToken stopping) =>
        new(new DeliveryLane(Integration, Fence, Log, new EventSelection(Filter), Journal), Parts, stopping);

    /// <summary>Delivers the next run of the source and moves the clock while it waits.</summary>
    public async Task<DeliveredRun> DeliverAsync(long after = 0, long upTo = long.MaxValue)
    {
        await using var delivery = Live(TestContext.Current.CancellationToken);
        return await FinishAsync(delivery.DeliverNextAsync(SourceId, after, upTo, TestContext.Current.CancellationToken));
    }

    /// <summary>Moves the clock until a task ends.</summary>
    public async Task<T> FinishAsync<T>(Task<T> running)
    {
        await AdvanceUntilAsync(() => running.IsCompleted);
        return await running;
    }

    /// <summary>Moves the clock, second by second, whenever somebody waits for it, until something is so.</summary>
    public async Task AdvanceUntilAsync(Func<bool> isSo)
    {
        var started = System.Diagnostics.Stopwatch.StartNew();
        while (!isSo())
        {
            Assert.True(started.Elapsed < Bound, "What was waited for does not happen.");
            if (Time.WaitingTimers > 0)
            {
                Time.Advance(TimeSpan.FromSeconds(1));
            }

            await Task.Yield();
        }
    }

    public void Dispose() => locations.Dispose();
}

/// <summary>A destination that answers by what it is sent, and keeps what that was.</summary>
internal sealed class AnsweringDestination(Func<DeliveryBatch, DeliveryOutcome> answer) : IDestination
{
    private readonly Lock access = new();
    private readonly List<SentBatch> sent = [];

    public BatchLimits Limits { get; init; } = new(100, 1_000_000);

    public int Recoveries { get; private set; }

    public int Closed { get; private set; }

    public IReadOnlyList<SentBatch> Sent
    {
        get
        {
            lock (access)
            {
                return [.. sent];
            }
        }
    }

    public IReadOnlyList<string> Positions => [.. Sent.Select(batch => string.Join(',', batch.Events.Select(one => one.Position)))];

    public Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (access)
        {
            sent.Add(new SentBatch([.. batch.Events], Encoding.UTF8.GetString(batch.Bytes.Span)));
        }

        return Task.FromResult(answer(batch));
    }

    public Task<DeliveryOutcome?> RecoverAsync(CancellationToken cancellationToken)
    {
        Recoveries++;
        return Task.FromResult<DeliveryOutcome?>(null);
    }

    public Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync()
    {
        Closed++;
        return ValueTask.CompletedTask;
    }
}

/// <summary>A batch as a destination saw it.</summary>
internal sealed record SentBatch(IReadOnlyList<SecurityEvent> Events, string Text);

/// <summary>Logs in memory: segments by source, and how far each is known to reach.</summary>
internal sealed class FakeLog : IEventLog
{
    private readonly List<LogSegment> segments = [];
    private readonly Dictionary<int, long> last = [];

    public long History { get; set; } = 1;

    /// <summary>So many reads fail as if the database were away.</summary>
    public int FailingReads { get; set; }

    public int Reads { get; private set; }

    public long LastPosition(int sourceId) => last.GetValueOrDefault(sourceId);

    public long Incarnation(int sourceId) => History;

    /// <summary>Stores logins of users from a position on; a user that begins with "-" logs out.</summary>
    public void Append(int sourceId, long firstPosition, params string[] users)
    {
        var rows = users.Select((user, i) => Encoding.UTF8.GetBytes(Row(user, firstPosition + i))).ToList();
        segments.Add(new LogSegment(
            sourceId, EventStream.User, firstPosition, DateTimeOffset.UnixEpoch, SegmentBody.Join([.. rows.Select(row => new IncomingEvent(0, default, null, row))]),
            [.. rows.Select(row => EventKey.FromHash(row))], [.. rows.Select((_, i) => 1_762_164_930_000 + firstPosition + i)]));
        last[sourceId] = firstPosition + users.Length - 1;
    }

    /// <summary>The log reaches so far, whatever of it is still stored.</summary>
    public void Reach(int sourceId, long lastPosition) => last[sourceId] = lastPosition;

    public ValueTask<LogSegment?> HoldAsync(int sourceId, long afterPosition, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Reads++;
        if (FailingReads > 0)
        {
            FailingReads--;
            throw new TimeoutException("The database does not answer.");
        }

        var found = segments.Where(one => one.SourceId == sourceId && one.LastPosition > afterPosition).MinBy(one => one.FirstPosition);
        found?.Body.Retain();
        return ValueTask.FromResult(found);
    }

    private static string Row(string user, long position) => JsonSerializer.Serialize(new
    {
        id = $"0d9c9f0e-6f7b-4a3a-9a53-{position:D12}",
        time = 1_762_164_930_123,
        type = user[0] == '-' ? "LOGOUT" : "LOGIN",
        realmId = "acme",
        clientId = "web",
        userId = $"u-{position}",
        ipAddress = "192.0.2.10",
        details = new { username = user },
    });
}

/// <summary>Sources that are all alike.</summary>
internal sealed class FakeSources : ISourceDirectory
{
    public List<int> Ids { get; } = [LaneBench.SourceId];

    public ValueTask<EventSource> GetAsync(int sourceId, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new EventSource(sourceId, "prod-eu", "acme", "kc.example.com"));

    public Task<IReadOnlyList<int>> ListAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<int>>([.. Ids]);
}

/// <summary>Keeps what is written down, and can be away, or belong to another engine.</summary>
internal sealed class RecordingJournal : ILiveJournal
{
    public Dictionary<int, long> Checkpoints { get; } = [];

    public List<DeliveryRecord> Records { get; } = [];

    public List<DeliveryError> Errors { get; } = [];

    public List<DeliveryError> Attempts { get; } = [];

    public List<PositionRange> Gaps { get; } = [];

    public bool IsTaken { get; set; }

    /// <summary>So many writes fail as if the database were away.</summary>
    public int FailingWrites { get; set; }

    public bool SetsAside { get; init; } = true;

    public Task<Dictionary<int, long>> LoadCheckpointsAsync(CancellationToken cancellationToken) => Task.FromResult(new Dictionary<int, long>(Checkpoints));

    public Task<bool> RecordAsync(DeliveryRecord record, CancellationToken cancellationToken)
    {
        Fail(cancellationToken);
        if (IsTaken)
        {
            return Task.FromResult(false);
        }

        Records.Add(record);
        return Task.FromResult(true);
    }

    public Task RecordErrorAsync(DeliveryError error, CancellationToken cancellationToken)
    {
        Fail(cancellationToken);
        Errors.Add(error);
        return Task.CompletedTask;
    }

    public Task RecordAttemptAsync(DeliveryError error, CancellationToken cancellationToken)
    {
        Attempts.Add(error);
        Fail(cancellationToken);
        return Task.CompletedTask;
    }

    public Task<bool> RecordGapAsync(int sourceId, PositionRange gap, long incarnation, CancellationToken cancellationToken)
    {
        Fail(cancellationToken);
        Gaps.Add(gap);
        return Task.FromResult(true);
    }

    private void Fail(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (FailingWrites > 0)
        {
            FailingWrites--;
            throw new TimeoutException("The database does not answer.");
        }
    }
}
