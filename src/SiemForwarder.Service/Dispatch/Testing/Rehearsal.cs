using System.Text;
using Microsoft.Extensions.Options;
using SiemForwarder.Destinations;
using SiemForwarder.Events;
using SiemForwarder.Service.Dispatch.Delivery;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Testing;

/// <summary>Sends the marked events of a scenario from this process through one integration: its filter, privacy rules, format and destination.</summary>
internal sealed class Rehearsal(SourceDirectory sources, SegmentNormalizer normalizer, IOptions<EngineOptions> engine, TimeProvider time)
{
    private const int MaxSentLength = 64 * 1024;

    // A person is waiting.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(45);

    /// <summary>Runs the scenario in this process.</summary>
    /// <param name="runnable">The integration.</param>
    /// <param name="scenario">What to pretend.</param>
    /// <param name="sourceId">The source that the events claim to be of; null for the first of the integration.</param>
    public async Task<RehearsalResponse> RunAsync(
        RunnableIntegration runnable, RehearsalScenario scenario, int? sourceId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var (id, source) = (Guid.CreateVersion7(now), await FindSourceAsync(runnable, sourceId, cancellationToken));
        var script = new RehearsalScript(id, source.Realm, now);
        scenario.Play(script);
        var run = new RehearsedRun([.. script.Events.Select(one => Normalize(one, source, now))]);
        using var limit = new CancellationTokenSource(Bound, time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        await using var destination = runnable.Kind.Open(runnable.Destination, time);
        using var buffer = BatchBuffer.For(runnable, destination.Limits);
        try
        {
            await SendAsync(run, runnable, destination, buffer, id.ToString("D"), bound.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            run.Fault ??= $"The destination did not take all events within {Bound.TotalSeconds:0} s.";
        }

        return new RehearsalResponse(
            id.ToString("D"), scenario.Name, run.States.All(one => one.State == RehearsedState.Accepted), source.Name, engine.Value.Name, run.States,
            run.Requests, run.Bytes, run.Answer, run.Fault, run.Sent.ToString());
    }

    private static async Task SendAsync(
        RehearsedRun run, RunnableIntegration runnable, IDestination destination, BatchBuffer buffer, string id,
        CancellationToken cancellationToken)
    {
        var pending = new List<int>();
        for (var i = 0; i < run.Events.Count; i++)
        {
            if (runnable.Filter.Evaluate(run.Events[i]) is { IsWanted: false } verdict)
            {
                run.Set(i, RehearsedState.FilteredOut, verdict.Reason!);
                continue;
            }

            // Privacy rules may have taken the marks, which concern nobody.
            var marked = new ShownEvent(RehearsalMark.Mark(runnable.Show(run.Events[i]).Event, id));
            if (buffer.IsFull || !buffer.TryFormat(marked))
            {
                if (!await run.SendAsync(destination, buffer, pending, cancellationToken))
                {
                    return;
                }

                buffer.TryFormat(marked);
            }

            pending.Add(i);
        }

        if (pending.Count > 0)
        {
            await run.SendAsync(destination, buffer, pending, cancellationToken);
        }
    }

    private async Task<EventSource> FindSourceAsync(RunnableIntegration runnable, int? sourceId, CancellationToken cancellationToken)
    {
        var id = sourceId ?? (runnable.Sources.Count > 0 ? runnable.Sources[0] : (await sources.ListAsync(cancellationToken)).FirstOrDefault(one => one > 0));
        return id <= 0 ? new EventSource(0, "rehearsal", "rehearsal", Environment.MachineName) : await sources.GetAsync(id, cancellationToken);
    }

    private SecurityEvent Normalize(RehearsedEvent one, EventSource source, DateTimeOffset now) => normalizer.NormalizeOne(
        new LogSegment(
            source.Id, one.Stream, 0, now, SegmentBody.Join([new IncomingEvent(one.AtMs, EventKey.FromId(one.Id), null, one.Json)]),
            [EventKey.FromId(one.Id)], [one.AtMs]), 0, source);

    /// <summary>What is sent of a rehearsal, and how it is taken.</summary>
    private sealed class RehearsedRun(IReadOnlyList<SecurityEvent> events)
    {
        private readonly (string State, string? Explanation)[] states = new (string, string?)[events.Count];

        public IReadOnlyList<SecurityEvent> Events => events;

        public int Requests { get; private set; }

        public long Bytes { get; private set; }

        public string? Answer { get; private set; }

        public string? Fault { get; set; }

        public StringBuilder Sent { get; } = new();

        public IReadOnlyList<RehearsedEventResponse> States => [.. events.Select((one, index) => new RehearsedEventResponse(
            one.Id, one.Type, one.OccurredAt, (one.Subject ?? one.Actor)?.Name, one.IpAddress, states[index].State ?? RehearsedState.NotSent,
            states[index].Explanation ?? (states[index].State is null ? Fault : null)))];

        public void Set(int index, string state, string? explanation) => states[index] = (state, explanation);

        /// <summary>Sends a batch once, empties the buffer, and says whether the next may be sent.</summary>
        public async Task<bool> SendAsync(IDestination destination, BatchBuffer buffer, List<int> pending, CancellationToken cancellationToken)
        {
            var batch = buffer.ToBatch();
            var outcome = await destination.SendAsync(batch, cancellationToken);
            (Requests, Bytes) = (Requests + 1, Bytes + batch.Bytes.Length);
            for (var i = 0; i < batch.Count && Sent.Length < MaxSentLength; i++)
            {
                Sent.Append(Encoding.UTF8.GetString(batch[i].Span).TrimEnd('\n')).Append('\n');
            }

            switch (outcome)
            {
                case DeliveryOutcome.Delivered delivered:
                    SetAll(pending, RehearsedState.Accepted, null);
                    Answer = delivered.Answer;
                    break;
                case DeliveryOutcome.Partial partial:
                    SetAll(pending, RehearsedState.Accepted, null);
                    foreach (var refused in partial.Refused)
                    {
                        Set(pending[refused.Index], RehearsedState.Rejected, refused.Reason);
                    }

                    foreach (var index in partial.Retry)
                    {
                        Set(pending[index], RehearsedState.NotSent, "The destination asks to send it again later.");
                    }

                    Answer = partial.Answer;
                    break;
                case DeliveryOutcome.Rejected rejected:
                    SetAll(pending, RehearsedState.Rejected, rejected.Reason);
                    Answer = rejected.Answer;
                    break;
                case DeliveryOutcome.Transient transient:
                    Fault = transient.Reason;
                    return false;
                case DeliveryOutcome.Misconfigured misconfigured:
                    Fault = misconfigured.Reason;
                    return false;
            }

            buffer.Clear();
            pending.Clear();
            return true;
        }

        private void SetAll(List<int> pending, string state, string? explanation)
        {
            foreach (var index in pending)
            {
                Set(index, state, explanation);
            }
        }
    }
}
