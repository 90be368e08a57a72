using System.Text.Json.Nodes;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Reliability.Faults;
using SiemForwarder.Reliability.Judging;
using SiemForwarder.Reliability.Oracle;
using SiemForwarder.Reliability.Receiving;
using SiemForwarder.Simulator;

namespace SiemForwarder.Reliability.Bench;

/// <summary>
/// What a scenario works with: the oracle and its realm, a database, the service as processes, receivers, and the observations of the run.
/// </summary>
internal sealed class ScenarioRun : IAsyncDisposable
{
    public const string SourceName = "simulated";
    private const string RealmName = "siem-demo";

    private readonly List<IAsyncDisposable> owned = [];
    private readonly List<(string What, bool WasSeen)> observations = [];

    public required int Seed { get; init; }

    public required Random Random { get; init; }

    public required TimeProvider Clock { get; init; }

    public required KeycloakSimulator Keycloak { get; init; }

    public required IssuingOracle Oracle { get; init; }

    public required PostgresServer Database { get; init; }

    /// <summary>A folder of the scenario's own.</summary>
    public required string Folder { get; init; }

    /// <summary>What the database lies on, where it is not an ordinary folder.</summary>
    public IAsyncDisposable? Disk { get; init; }

    public List<Feed> Feeds { get; } = [];

    /// <summary>The service; set by <see cref="StartServiceAsync"/>, or by a scenario that runs it in another way.</summary>
    public ForwarderApi Api { get; set; } = new(() => throw new InvalidOperationException("The scenario started no service."));

    /// <summary>
    /// The process that <see cref="StartServiceAsync"/> started; null where the scenario runs the service in another way.
    /// </summary>
    public ForwarderProcess? Service { get; private set; }

    /// <summary>How long the end of a run is waited for.</summary>
    public TimeSpan DrainBound { get; set; } = TimeSpan.FromSeconds(90);

    /// <summary>Where the judge reads the log, where that is not the scenario's own server.</summary>
    public NpgsqlDataSource? OtherLog { get; set; }

    /// <summary>Events of other sources than the oracle's that may arrive.</summary>
    public int Foreign { get; set; }

    private NpgsqlDataSource Log => OtherLog ?? Database.Source;

    /// <summary>The log before retention dropped a part of it; null where it is whole.</summary>
    public IReadOnlyList<StoredEvent>? EarlierLog { get; set; }

    /// <summary>How far the clock of a scenario in simulated time leaps while something is waited for.</summary>
    public TimeSpan Stride { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Moves the clock of a scenario in simulated time while something is waited for.</summary>
    public Func<CancellationToken, Task> Wait { get; set; } = token => Task.Delay(100, token);

    public string Seen => string.Join("; ", observations.Select(one => one.What));

    /// <summary>Faults that were meant to happen and did not.</summary>
    public IEnumerable<string> Unseen => observations.Where(one => !one.WasSeen).Select(one => $"did not happen: {one.What}");

    public T Own<T>(T resource)
        where T : IAsyncDisposable
    {
        owned.Add(resource);
        return resource;
    }

    /// <summary>Says what must have happened for the run to count.</summary>
    public void Sometimes(string what, bool wasSeen) => observations.Add((what, wasSeen));

    /// <summary>
    /// A process of the service on the scenario's database; not started yet. Its settings may be changed before each start.
    /// </summary>
    public (ForwarderProcess Process, Dictionary<string, string> Settings) NewService(string? engine = null, IReadOnlyList<string>? command = null)
    {
        var settings = Bench.Settings.Quick(Database.ConnectionString);
        if (engine is not null)
        {
            settings["Forwarder__Engine__Name"] = engine;
        }

        return (Own(new ForwarderProcess(ForwarderProcess.NewFolder(), settings) { Command = command ?? ["dotnet"] }), settings);
    }

    /// <summary>The service as one process, ready.</summary>
    public async Task<(ForwarderProcess Process, Dictionary<string, string> Settings)> StartServiceAsync(
        CancellationToken cancellationToken)
    {
        var service = NewService();
        await service.Process.StartAsync(cancellationToken);
        Api = new ForwarderApi(() => service.Process.Api);
        Service = service.Process;
        return service;
    }

    /// <summary>The service in this process, on the clock of the scenario, which leaps while something is waited for.</summary>
    public async Task<HostedForwarder> StartHostAsync(CancellationToken cancellationToken)
    {
        var host = Own(new HostedForwarder(Database.ConnectionString, Clock));
        await host.StartAsync(cancellationToken);
        Api = new ForwarderApi(() => host.Api);
        Wait = token => LeapAsync(Stride, token);
        return host;
    }

    /// <summary>Lets simulated time pass at once, and real time for what is due then.</summary>
    public Task LeapAsync(TimeSpan by, CancellationToken cancellationToken)
    {
        ((LeapingClock)Clock).Leap(by);
        return Task.Delay(60, cancellationToken);
    }

    /// <summary>Creates the source that pulls the oracle's realm.</summary>
    public Task AddSourceAsync(CancellationToken cancellationToken, string start = "everything") => Api.PostAsync(
        "/api/v1/sources",
        new
        {
            name = SourceName,
            keycloak = new
            {
                baseUrl = Keycloak.BaseUrl.ToString(),
                realm = RealmName,
                clientId = "siem-forwarder",
                clientSecret = "siem-forwarder-secret",
                start,
                pollIntervalSeconds = 1,
            },
        },
        cancellationToken);

    /// <summary>What a receiver takes; the rendering says how the event ids are found.</summary>
    public Arrivals NewArrivals(Rendering rendering) => new(Clock, rendering.FindId);

    public CefRendering Cef() => new(SourceName, RealmName, "127.0.0.1");

    /// <summary>Creates and enables an integration of the source, for a receiver that takes what the rendering says.</summary>
    /// <param name="feed">The receiver.</param>
    /// <param name="serverUrl">Where it listens.</param>
    /// <param name="more">Further members of the request.</param>
    public async Task AddIntegrationAsync(Feed feed, string serverUrl, CancellationToken cancellationToken, JsonObject? more = null)
    {
        var body = Request(feed, serverUrl, more);
        feed.Id = (await Api.PostAsync("/api/v1/integrations", body, cancellationToken))["id"]!.GetValue<int>();
        Feeds.Add(feed);
    }

    public static JsonObject Request(Feed feed, string serverUrl, JsonObject? more)
    {
        var (outputType, schema) = feed.Rendering.Choice;
        var body = new JsonObject
        {
            ["name"] = feed.Name, ["serverUrl"] = serverUrl, ["outputType"] = outputType, ["schema"] = schema, ["enabled"] = true,
        };
        foreach (var (name, value) in more ?? [])
        {
            body[name] = value?.DeepClone();
        }

        return body;
    }

    /// <summary>Waits until something is so, bounded; false where it never was.</summary>
    public async Task<bool> UntilAsync(Func<CancellationToken, Task<bool>> isSo, TimeSpan limit, CancellationToken cancellationToken)
    {
        var until = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (Environment.TickCount64 < until)
        {
            if (await isSo(cancellationToken))
            {
                return true;
            }

            await Wait(cancellationToken);
        }

        return false;
    }

    public Task<bool> UntilAsync(Func<bool> isSo, TimeSpan limit, CancellationToken cancellationToken) =>
        UntilAsync(_ => Task.FromResult(isSo()), limit, cancellationToken);

    /// <summary>The status of an integration; null while the service does not answer.</summary>
    public Task<JsonNode?> StatusAsync(Feed feed, CancellationToken cancellationToken) =>
        Api.FindAsync($"/api/v1/integrations/{feed.Id}/status", cancellationToken);

    /// <summary>Waits until the status shows a text in its last error; false where it did not.</summary>
    public Task<bool> UntilErrorAsync(Feed feed, string text, TimeSpan limit, CancellationToken cancellationToken) => UntilAsync(
        async token => (await StatusAsync(feed, token))?["lastError"]?["message"]?.GetValue<string>()
            .Contains(text, StringComparison.OrdinalIgnoreCase) == true,
        limit, cancellationToken);

    /// <summary>Waits until the service has written a text to its log; false where it did not.</summary>
    public Task<bool> UntilLoggedAsync(string text, TimeSpan limit, CancellationToken cancellationToken) =>
        UntilAsync(() => Service!.Output.Contains(text, StringComparison.Ordinal), limit, cancellationToken);

    /// <summary>Lets a fresh event flow and waits until everything has arrived; then judges each receiver.</summary>
    public async Task<IReadOnlyList<Row>> JudgeAsync(string name, Func<TimeSpan> elapsed, CancellationToken cancellationToken)
    {
        var fresh = Oracle.Issue();
        var hasDrained = await UntilAsync(token => IsDrainedAsync(fresh, token), DrainBound, cancellationToken);
        var log = await StoredLog.ReadAsync(Log, 1, cancellationToken);
        log = EarlierLog is null ? log : [.. EarlierLog.Concat(log).DistinctBy(one => one.Position).OrderBy(one => one.Position)];
        var rows = new List<Row>();
        foreach (var feed in Feeds)
        {
            // What the receiver's system holds, its program has yet to read.
            await UntilAsync(() => feed.Arrivals.Distinct >= log.Count, TimeSpan.FromSeconds(hasDrained ? 3 : 0), cancellationToken);
            if (Clock is LeapingClock)
            {
                // A leap may pass the time-out of an attempt that is under way; the next one opens another connection.
                feed.Interruptions = Math.Max(feed.Interruptions, feed.Tcp.Connections - 1);
            }

            rows.Add(await JudgeAsync(name, feed, log, fresh, elapsed, cancellationToken));
        }

        return rows;
    }

    private async Task<Row> JudgeAsync(
        string name, Feed feed, IReadOnlyList<StoredEvent> log, IssuedEvent fresh, Func<TimeSpan> elapsed,
        CancellationToken cancellationToken)
    {
        var issued = Oracle.Issued;
        var arrivals = feed.Arrivals.InOrder();
        var setAside = await SetAsideAsync(feed, cancellationToken);
        var acknowledged = await StoredLog.CountAsync(
            Log, $"SELECT coalesce(sum(event_count), 0) FROM delivery WHERE integration_id = {feed.Id}", cancellationToken);
        var own = await StoredLog.CountAsync(Log, "SELECT next_position - 1 FROM log_head WHERE source_id = 0", cancellationToken);
        var resent = await StoredLog.CountAsync(
            Log,
            $"SELECT coalesce(sum(replace((regexp_match(answer, 'to send ([0-9,]+) event'))[1], ',', '')::bigint), 0) FROM delivery WHERE integration_id = {feed.Id}",
            cancellationToken);
        var resends = await StoredLog.CountAsync(
            Log,
            $"SELECT coalesce(sum(replace((regexp_match(answer, 'it took ([0-9,]+) attempt'))[1], ',', '')::bigint), 0) FROM delivery WHERE integration_id = {feed.Id}",
            cancellationToken);
        var verdict = Judge.Decide(new Evidence(
            issued, Oracle.IsRemoved, log, arrivals, setAside, feed.Rendering, feed.LargestBatch, feed.Interruptions, feed.KeepsOrder, own + Foreign, resent, resends));
        if (!feed.Arrivals.Contains(fresh.Id))
        {
            verdict.Violations.Add($"a fresh event did not flow after the faults: {await StatusAsync(feed, cancellationToken)}");
        }

        var oldest = arrivals.Where(one => issued.ContainsKey(one.Id)).DistinctBy(one => one.Id)
            .Select(one => one.At - issued[one.Id].At).DefaultIfEmpty().Max();
        return new Row(
            Feeds.Count == 1 ? name : $"{name}, {feed.Name}", issued.Count, verdict.Stored, acknowledged, verdict.Received,
            verdict.Duplicates, (feed.LargestBatch * feed.Interruptions) + (int)resent, setAside.Count, verdict.Lost, oldest, Seen, [.. verdict.Violations, .. Unseen],
            elapsed().TotalSeconds);
    }

    private async Task<bool> IsDrainedAsync(IssuedEvent fresh, CancellationToken cancellationToken)
    {
        var source = await Api.FindAsync("/api/v1/sources/1/status", cancellationToken);
        if (source is null || source["storedEvents"]!.GetValue<long>() < Oracle.Expected)
        {
            return false;
        }

        foreach (var feed in Feeds)
        {
            if (!feed.Arrivals.Contains(fresh.Id) || (await StatusAsync(feed, cancellationToken))?["backlog"]?.GetValue<long>() != 0)
            {
                return false;
            }
        }

        return true;
    }

    private async Task<HashSet<long>> SetAsideAsync(Feed feed, CancellationToken cancellationToken)
    {
        await using var command = Log.CreateCommand($"SELECT position FROM set_aside WHERE integration_id = {feed.Id}");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var positions = new HashSet<long>();
        while (await reader.ReadAsync(cancellationToken))
        {
            positions.Add(reader.GetInt64(0));
        }

        return positions;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var resource in Enumerable.Reverse(owned))
        {
            await resource.DisposeAsync();
        }
    }
}
