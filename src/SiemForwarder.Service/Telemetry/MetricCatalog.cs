namespace SiemForwarder.Service.Telemetry;

/// <summary>What a metric is.</summary>
internal enum MetricKind
{
    /// <summary>A sum that only grows, until the process restarts.</summary>
    Counter,

    /// <summary>A value that goes up and down.</summary>
    Gauge,

    /// <summary>How often values fell below bounds.</summary>
    Histogram,
}

/// <summary>A metric of the service, named by the conventions of OpenTelemetry.</summary>
/// <param name="name">Name with dots; Prometheus' name follows from it, the kind and the unit.</param>
/// <param name="kind">What it is.</param>
/// <param name="unit">UCUM unit: <c>s</c>, <c>By</c>, or what is counted in braces.</param>
/// <param name="description">One sentence for people.</param>
/// <param name="labels">Names of the attributes of its series, at most four.</param>
internal sealed class MetricDefinition(string name, MetricKind kind, string unit, string description, params string[] labels)
{
    public string Name => name;

    public MetricKind Kind => kind;

    public string Unit => unit;

    public string Description => description;

    public IReadOnlyList<string> Labels => labels;

    /// <summary>The name in Prometheus, by the rules of OpenTelemetry; a histogram has <c>_bucket</c>, <c>_sum</c> and <c>_count</c> behind it.</summary>
    public string PrometheusName { get; } = NameOf(name, unit) + (kind == MetricKind.Counter ? "_total" : "");

    /// <summary>Upper bounds of the buckets of a histogram.</summary>
    public IReadOnlyList<double> Bounds { get; init; } = MetricCatalog.Short;

    private static string NameOf(string name, string unit)
    {
        var (plain, word) = (name.Replace('.', '_'), unit switch { "s" => "seconds", "By" => "bytes", _ => "" });
        return word.Length == 0 || plain.Contains(word, StringComparison.Ordinal) ? plain : $"{plain}_{word}";
    }
}

/// <summary>All metrics of the service; docs/metrics.md is generated from here.</summary>
internal static class MetricCatalog
{
    public const string Integration = "integration";
    public const string Source = "source";
    public const string Destination = "destination";
    public const string Lane = "lane";
    public const string Stream = "stream";
    public const string Outcome = "outcome";
    public const string Category = "category";
    public const string Rule = "rule";

    /// <summary>Bounds for what takes milliseconds to a minute, in seconds.</summary>
    public static readonly IReadOnlyList<double> Short = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    /// <summary>Bounds for what takes half a second to a day, in seconds.</summary>
    public static readonly IReadOnlyList<double> Long = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400];

    public static readonly MetricDefinition EventsPulled = Counter(
        "events.pulled", "{event}", "Events that a source returned, including those already stored.", Source, Stream);

    public static readonly MetricDefinition EventsAppended = Counter("events.appended", "{event}", "Events that were new in the log.", Source);

    public static readonly MetricDefinition EventsDeduplicated = Counter(
        "events.deduplicated", "{event}", "Events that were pulled or pushed but already stored.", Source);

    public static readonly MetricDefinition EventsRejected = Counter("events.rejected", "{event}", "Pushed events that were rejected.", Source);

    public static readonly MetricDefinition RequestsPushed = Counter("requests.pushed", "{request}", "Requests with pushed events.", Source);

    public static readonly MetricDefinition PollsFailed = Counter("polls.failed", "{poll}", "Polls of a source that failed.", Source, Stream, Category);

    public static readonly MetricDefinition PollDuration = Histogram(
        "poll.duration", "Duration of one poll of a stream, including the appends.", Short, Source, Stream, Outcome);

    public static readonly MetricDefinition AppendDuration = Histogram(
        "append.duration", "Duration of one append to the log.", Short, Source, Outcome);

    public static readonly MetricDefinition EventsDelivered = Counter(
        "events.delivered", "{event}", "Events that a destination accepted.", Integration, Destination, Source, Lane);

    public static readonly MetricDefinition BatchesDelivered = Counter(
        "batches.delivered", "{batch}", "Batches that a destination accepted.", Integration, Destination, Source, Lane);

    public static readonly MetricDefinition BytesDelivered = Counter(
        "delivery.size", "By", "Formatted bytes that a destination accepted.", Integration, Destination, Source, Lane);

    public static readonly MetricDefinition EventsFiltered = Counter(
        "events.filtered", "{event}", "Events that the filter of an integration excluded.", Integration, Destination, Source, Lane);

    public static readonly MetricDefinition EventsSetAside = Counter(
        "events.set_aside", "{event}", "Events that a destination permanently rejected.", Integration, Destination, Source, Lane);

    public static readonly MetricDefinition EventsRetried = Counter(
        "events.retried", "{event}", "Events that were sent again after a failed attempt.", Integration, Destination);

    public static readonly MetricDefinition EventsMissing = Counter(
        "events.missing", "{event}", "Events that were gone before an integration received them.", Integration);

    public static readonly MetricDefinition EventsSlow = Counter("events.slow", "{event}", "Events that took too long to prepare.", Integration, Source);

    public static readonly MetricDefinition AttemptsFailed = Counter(
        "attempts.failed", "{attempt}", "Attempts to send that failed.", Integration, Destination, Category);

    public static readonly MetricDefinition RoundsFailed = Counter(
        "rounds.failed", "{round}", "Rounds (an attempt and its retries) that failed.", Integration, Destination, Category);

    public static readonly MetricDefinition SendDuration = Histogram(
        "send.duration", "Duration of one attempt to send a batch.", Short, Integration, Destination, Outcome, Category);

    public static readonly MetricDefinition DeliveryLatency = Histogram(
        "delivery.latency", "Time from when an event happened until the destination accepted it, for live traffic; 64 events at most of each batch.",
        Long, Integration, Destination);

    public static readonly MetricDefinition ConnectionsOpened = Counter(
        "connections.opened", "{connection}", "Connections to sources and destinations that were opened, or why they were not.",
        Integration, Source, Outcome);

    public static readonly MetricDefinition BacklogEvents = Gauge(
        "backlog.events", "{event}", "Stored events that an enabled integration has not got yet.", Integration, Source);

    public static readonly MetricDefinition BacklogSize = Gauge(
        "backlog.size", "By", "Size on disk of the events that an integration has not got yet, by the average of the log.", Integration, Source);

    public static readonly MetricDefinition BacklogAge = Gauge(
        "backlog.age", "s", "Time since the oldest event happened that an integration has not got yet; 0 without a backlog.", Integration);

    public static readonly MetricDefinition IntegrationFailing = Gauge(
        "integration.failing", "", "1 if an enabled integration is in state Error, otherwise 0.", Integration, Destination);

    public static readonly MetricDefinition SetAsideOpen = Gauge(
        "set_aside.events", "{event}", "Events set aside that are neither delivered after all nor discarded.", Integration);

    public static readonly MetricDefinition SourceFailing = Gauge("source.failing", "", "1 if an enabled source cannot be read, otherwise 0.", Source);

    public static readonly MetricDefinition SourceUnread = Gauge(
        "source.unread", "s", "How long events at the source may have been missing from the log.", Source);

    public static readonly MetricDefinition SourceMargin = Gauge(
        "source.retention.margin", "s", "Time left until Keycloak deletes events that are not read yet; only where it deletes any.", Source);

    public static readonly MetricDefinition IntegrationMargin = Gauge(
        "integration.retention.margin", "s", "Time left until the hard limit of the log drops events that an integration lacks.", Integration);

    public static readonly MetricDefinition LogSize = Gauge("log.size", "By", "Size of the event log on disk.");

    public static readonly MetricDefinition LogEvents = Gauge("log.events", "{event}", "Events in the log.", Source);

    public static readonly MetricDefinition DetectionBacklog = Gauge(
        "detection.backlog", "{event}", "Stored events that the detection rules have not read yet; only while a rule is enabled.", Source);

    public static readonly MetricDefinition DetectionAlerts = Counter("detection.alerts", "{alert}", "Alerts that a detection rule raised.", Rule);

    public static readonly MetricDefinition StateAge = Gauge(
        "state.age", "s", "Age of the gauges that are read from the database; they end when it is older than two minutes.");

    public static readonly MetricDefinition Leases = Gauge("engine.leases", "{lease}", "Sources and integrations that this engine runs.", "kind");

    public static readonly MetricDefinition MemoryUsage = Gauge("memory.usage", "By", "Memory that a part of the process takes of the memory budget.", "part");

    public static readonly MetricDefinition MemoryLimit = Gauge(
        "memory.limit", "By", "The most that a part of the process takes of the memory budget.", "part");

    public static readonly MetricDefinition MemoryMinimum = Gauge(
        "memory.minimum", "By", "What a part of the process always gets of the memory budget.", "part");

    public static readonly MetricDefinition MemoryBudget = Gauge(
        "memory.budget", "By", "The memory budget of the process, which all parts share (Forwarder__MemoryBytes).");

    public static readonly MetricDefinition LoopsFailing = Gauge("loops.failing", "{loop}", "Background loops whose last pass failed.");

    public static readonly MetricDefinition LoopsStalled = Gauge("loops.stalled", "{loop}", "Background loops whose pass does not end.");

    public static readonly MetricDefinition DatabaseFaults = Counter("database.faults", "{fault}", "Failed database operations.");

    public static readonly MetricDefinition AddressesLocked = Counter(
        "addresses.locked", "{address}", "Addresses that were locked out for sending wrong keys.");

    public static readonly MetricDefinition BuildInfo = Gauge("build.info", "", "Always 1; the labels name what runs.", "version", "runtime");

    public static readonly IReadOnlyList<MetricDefinition> All =
    [
        EventsPulled, EventsAppended, EventsDeduplicated, EventsRejected, RequestsPushed, PollsFailed, PollDuration, AppendDuration,
        EventsDelivered, BatchesDelivered, BytesDelivered, EventsFiltered, EventsSetAside, EventsRetried, EventsMissing, EventsSlow, AttemptsFailed,
        RoundsFailed, SendDuration, DeliveryLatency, ConnectionsOpened,
        BacklogEvents, BacklogSize, BacklogAge, IntegrationFailing, SetAsideOpen, SourceFailing, SourceUnread, SourceMargin, IntegrationMargin, LogSize,
        LogEvents, DetectionBacklog, DetectionAlerts, StateAge, Leases, MemoryUsage, MemoryLimit, MemoryMinimum,
        MemoryBudget, LoopsFailing, LoopsStalled, DatabaseFaults, AddressesLocked,
        BuildInfo,
    ];

    private static MetricDefinition Counter(string name, string unit, string description, params string[] labels) =>
        new($"siemforwarder.{name}", MetricKind.Counter, unit, description, labels);

    private static MetricDefinition Gauge(string name, string unit, string description, params string[] labels) =>
        new($"siemforwarder.{name}", MetricKind.Gauge, unit, description, labels);

    private static MetricDefinition Histogram(string name, string description, IReadOnlyList<double> bounds, params string[] labels) =>
        new($"siemforwarder.{name}", MetricKind.Histogram, "s", description, labels) { Bounds = bounds };
}
