using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Operations;

/// <summary>The flow from the sources over the log to the integrations, as it is now.</summary>
/// <param name="At">When it was read; two readings give the rates.</param>
public sealed record FlowResponse(DateTimeOffset At, FlowSources Sources, FlowIntegrations Integrations);

/// <summary>All sources together, and some of them: those in Error first, then those with the most events.</summary>
/// <param name="Total">Number of sources.</param>
/// <param name="Failing">Number of sources in Error.</param>
/// <param name="Succeeding">Number of sources in Success.</param>
/// <param name="Appended">Events stored since the beginning, including dropped ones.</param>
/// <param name="UnreadSeconds">How long events of any realm may have been missing from the log; null without a realm.</param>
public sealed record FlowSources(long Total, long Failing, long Succeeding, long Appended, long? UnreadSeconds, IReadOnlyList<FlowSource> Items);

/// <summary>What comes from a source.</summary>
/// <param name="Appended">Events stored since the beginning, including dropped ones.</param>
/// <param name="LastStoredAt">When an event was last stored; null if none was.</param>
/// <param name="UnreadSeconds">How long events of a realm may have been missing from the log; null for an inbox.</param>
public sealed record FlowSource(int Id, string Name, SourceSummary Status, long Appended, DateTimeOffset? LastStoredAt, long? UnreadSeconds);

/// <summary>All integrations together, and some of them: those in Error first, then those with set-aside events, then those with the largest backlog.</summary>
/// <param name="Total">Number of integrations.</param>
/// <param name="Enabled">Number of enabled integrations.</param>
/// <param name="Failing">Number of integrations in Error.</param>
/// <param name="Succeeding">Number of integrations in Success.</param>
/// <param name="WithSetAside">Number of integrations with set-aside events that await a decision.</param>
/// <param name="Taken">Sum over the enabled integrations of the events that each has passed, delivered or filtered out.</param>
/// <param name="Backlog">Sum over the enabled integrations of the events that wait for each.</param>
/// <param name="OldestUndeliveredAt">When the oldest of them happened, give or take some seconds; null without a backlog.</param>
public sealed record FlowIntegrations(
    long Total, long Enabled, long Failing, long Succeeding, long WithSetAside, long Taken, long Backlog, DateTimeOffset? OldestUndeliveredAt,
    IReadOnlyList<FlowIntegration> Items);

/// <summary>What goes to an integration.</summary>
/// <param name="Paused">Whether someone paused it.</param>
/// <param name="Taken">Events of the log that it has passed, delivered or filtered out.</param>
/// <param name="Backlog">Number of stored events not delivered yet, before its filter.</param>
/// <param name="OldestUndeliveredAt">When the oldest of them happened, or an event stored with it; null without a backlog.</param>
/// <param name="SetAside">Set-aside events that await a decision or a redrive.</param>
public sealed record FlowIntegration(
    int Id, string Name, bool Paused, IntegrationSummary Status, long Taken, long Backlog, DateTimeOffset? OldestUndeliveredAt, long SetAside);

/// <summary>What flowed and what waited, of all engines together.</summary>
/// <param name="Range"><c>hour</c>, <c>day</c> or <c>week</c>.</param>
/// <param name="StepSeconds">Time between two points.</param>
/// <param name="Points">Oldest first.</param>
public sealed record HistoryResponse(string Range, DateTimeOffset From, DateTimeOffset To, int StepSeconds, IReadOnlyList<HistoryPoint> Points);

/// <summary>What was counted in one step. What is null was not counted, because no engine ran or there was nothing to measure.</summary>
/// <param name="At">When the step began.</param>
/// <param name="Seconds">How long it lasts; the last one lasts until now.</param>
/// <param name="Appended">Events that were new in the log; null in the history of one integration.</param>
/// <param name="Delivered">Events that destinations accepted; one counts once for each integration.</param>
/// <param name="LatencySeconds">Average time from when an event happened to when its destination accepted it, of some events of each batch.</param>
/// <param name="MaxLatencySeconds">The longest of them.</param>
/// <param name="Backlog">The most events that waited at a time; one waits once for each integration.</param>
public sealed record HistoryPoint(
    DateTimeOffset At, double Seconds, long? Appended, long? Delivered, double? LatencySeconds, double? MaxLatencySeconds, long? Backlog);

/// <summary>The query of the history.</summary>
public sealed record HistoryQuery
{
    private static readonly Dictionary<string, (TimeSpan Length, TimeSpan Step)> Ranges = new()
    {
        ["hour"] = (TimeSpan.FromHours(1), TimeSpan.FromMinutes(1)),
        ["day"] = (TimeSpan.FromDays(1), TimeSpan.FromMinutes(15)),
        ["week"] = (TimeSpan.FromDays(7), TimeSpan.FromHours(2)),
    };

    [FromQuery(Name = "range"), Description("hour (default, by the minute), day (by 15 minutes) or week (by two hours)."), AllowedValues("hour", "day", "week")]
    public string? Range { get; init; }

    [FromQuery(Name = "integration"), Description("Id of an integration, for its part alone; all of them by default.")]
    public int? Integration { get; init; }

    /// <summary>The range with its default; adds an error if it is not known.</summary>
    internal (string Name, TimeSpan Length, TimeSpan Step) Read(FieldErrors errors)
    {
        var name = errors.ChooseName("range", Range, Ranges["hour"], Ranges);
        return (name, Ranges[name].Length, Ranges[name].Step);
    }
}

/// <summary>The flow now and in the last week.</summary>
internal static class FlowEndpoints
{
    public static void MapFlow(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/flow", Now).WithTags("Status").WithName("GetFlow").Needs(Permission.ReadStates)
            .WithSummary("Shows the flow from the sources over the log to the integrations: sums, and those that need attention first.");
        routes.MapGet("/api/v1/history", History).WithTags("Status").WithName("GetHistory").Needs(Permission.ReadStates)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithSummary("Shows throughput, end-to-end latency and backlog of the last hour, day or week, of all integrations or of one.");
    }

    private static async Task<Results<Ok<FlowResponse>, ValidationProblem>> Now(
        FlowReader reader, CancellationToken cancellationToken,
        [Description("How many sources and how many integrations to name, 1 to 100; 8 by default."), Range(1, 100)] int? top = null)
    {
        var errors = new FieldErrors();
        var count = errors.Between("top", top, 1, 100, 8);
        return errors.Any ? Problems.Invalid(errors) : TypedResults.Ok(await reader.ReadAsync(count, cancellationToken));
    }

    private static async Task<Results<Ok<HistoryResponse>, ValidationProblem, ProblemHttpResult>> History(
        [AsParameters] HistoryQuery query, FlowHistory history, IntegrationHistory ofEach, IntegrationStore integrations, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var (range, length, step) = query.Read(errors);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var now = time.GetUtcNow();
        var from = new DateTimeOffset(now.Ticks - (now.Ticks % step.Ticks), TimeSpan.Zero) - length + step;
        var steps = Enumerable.Range(0, (int)(length / step)).Select(i => from + (step * i));
        var counted = await history.ReadAsync(from, step, cancellationToken);
        if (query.Integration is not { } id)
        {
            return TypedResults.Ok(new HistoryResponse(range, from, now, (int)step.TotalSeconds, [.. steps.Select(at => Point(at, step, now, counted))]));
        }

        if (await integrations.FindAsync(id, cancellationToken) is not { } integration)
        {
            return Problems.NotFound("integration", id);
        }

        var own = await ofEach.ReadAsync(id, from, step, cancellationToken);
        return TypedResults.Ok(new HistoryResponse(range, from, now, (int)step.TotalSeconds, [.. steps.Select(at => PointOf(at))]));

        // Where an engine counted, an integration without a row did nothing, and nothing waited for it.
        HistoryPoint PointOf(DateTimeOffset at) =>
            own.TryGetValue(at, out var tally) || (at + step > integration.CreatedAt && counted.ContainsKey((at, FlowSeries.Backlog)))
                ? Point(at, step, now, null, tally.Delivered, tally.Latency, tally.Backlog) : Point(at, step, now, null, null, default, null);
    }

    private static HistoryPoint Point(
        DateTimeOffset at, TimeSpan step, DateTimeOffset now, IReadOnlyDictionary<(DateTimeOffset, string), ValueTally> counted)
    {
        return Point(
            at, step, now, Of(FlowSeries.Appended)?.Samples, Of(FlowSeries.Delivered)?.Samples, Of(FlowSeries.Latency) ?? default,
            (long?)Of(FlowSeries.Backlog)?.Highest);

        ValueTally? Of(string series) => counted.TryGetValue((at, series), out var tally) ? tally : null;
    }

    private static HistoryPoint Point(
        DateTimeOffset at, TimeSpan step, DateTimeOffset now, long? appended, long? delivered, ValueTally latency, long? backlog)
    {
        var seconds = Math.Max(1, Math.Min(step.TotalSeconds, (now - at).TotalSeconds));
        return latency.Samples > 0
            ? new HistoryPoint(at, seconds, appended, delivered, latency.Total / latency.Samples, latency.Highest, backlog)
            : new HistoryPoint(at, seconds, appended, delivered, null, null, backlog);
    }
}
