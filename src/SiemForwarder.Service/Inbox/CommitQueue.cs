using System.Diagnostics;
using SiemForwarder.Events;
using SiemForwarder.Events.Bytes;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Inbox;

/// <summary>Group commit for one source: events that arrive during an append are combined into the next one.</summary>
/// <remarks>
/// An append costs the same for one event as for a thousand, so the queue keeps up with any number of senders of single events. Where the last appends
/// carried several requests, the next one waits until as many are there again, but no longer than <see cref="Gathering"/> after the end of the last:
/// a single sender, and what comes after a pause, never wait.
/// </remarks>
internal sealed class CommitQueue(int sourceId, EventLogWriter log, TimeSpan timeout, TimeProvider time)
{
    private const int MaxEvents = 5000;

    // Answering one takes a fraction of waking a thread for it; with more, the last one would wait for the others.
    private const int AnsweredTogether = 8;

    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(2);

    private readonly Lock guard = new();
    private readonly List<Push> waiting = [];
    private bool isRunning;
    private (int Last, int Before) groupSizes;
    private long lastEnd;
    private TaskCompletionSource? enough;

    /// <summary>Stores events; completes after the commit, or when nothing was stored. The bytes must not change until then.</summary>
    public Task<CommitOutcome> CommitAsync(IReadOnlyList<IncomingEvent> events)
    {
        var push = new Push(events);
        lock (guard)
        {
            waiting.Add(push);
            if (isRunning)
            {
                if (enough is not null && waiting.Count >= UsualSize)
                {
                    enough.TrySetResult();
                }

                return push.Done.Task;
            }

            isRunning = true;
        }

        // Not in the sender's own task: the commit includes events of other senders, and continues if this sender disconnects.
        _ = Task.Run(DrainAsync, CancellationToken.None);
        return push.Done.Task;
    }

    private int UsualSize => Math.Max(groupSizes.Last, groupSizes.Before);

    private async Task DrainAsync()
    {
        while (await GatherAsync() is { Count: > 0 } group)
        {
            try
            {
                // Not part of the request that happened to come first.
                using var span = ForwarderTracing.StartRoot("commit", group.Where(push => push.Sent != default).Select(push => new ActivityLink(push.Sent)));
                var outcome = await AppendAsync(Joined(group));
                lastEnd = time.GetTimestamp();
                Complete(group, outcome);
            }
            catch (Exception exception)
            {
                // Whatever went wrong, the senders must learn that nothing is known to be stored, and the next group must run.
                AnswerAll(group, push => push.Done.TrySetException(exception));
            }
        }
    }

    private async Task<List<Push>> GatherAsync()
    {
        var gathered = Task.CompletedTask;
        lock (guard)
        {
            if (waiting.Count > 0 && waiting.Count < UsualSize && Gathering - time.GetElapsedTime(lastEnd) is var rest && rest > TimeSpan.Zero)
            {
                enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                gathered = enough.Task.WaitAsync(rest, time, CancellationToken.None);
            }
        }

        // That too few came in time is no fault.
        await gathered.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return TakeGroup();
    }

    private List<Push> TakeGroup()
    {
        lock (guard)
        {
            enough = null;
            var (count, events) = (0, 0);
            while (count < waiting.Count && (count == 0 || events + waiting[count].Events.Count <= MaxEvents))
            {
                events += waiting[count++].Events.Count;
            }

            var group = waiting.GetRange(0, count);
            waiting.RemoveRange(0, count);
            isRunning = count > 0;
            if (isRunning)
            {
                groupSizes = (count, groupSizes.Last);
            }

            return group;
        }
    }

    private static IReadOnlyList<IncomingEvent> Joined(List<Push> group)
    {
        if (group.Count == 1)
        {
            return group[0].Events;
        }

        var events = new List<IncomingEvent>(group.Sum(push => push.Events.Count));
        group.ForEach(push => events.AddRange(push.Events));
        return events;
    }

    private async Task<AppendOutcome> AppendAsync(IReadOnlyList<IncomingEvent> events)
    {
        using var bound = new CancellationTokenSource(timeout, time);
        try
        {
            return await log.AppendAsync(new LogAppend(sourceId, EventStream.Pushed, events, null), bound.Token);
        }
        catch (OperationCanceledException)
        {
            return new AppendOutcome.Unavailable($"The event log did not answer within {timeout.TotalSeconds:0} s.");
        }
    }

    private void Complete(List<Push> group, AppendOutcome outcome)
    {
        if (outcome is AppendOutcome.Committed committed)
        {
            var next = 0;
            group.ForEach(push => push.Stored = CountStored(push.Events, committed.Stored, ref next));
            AnswerAll(group, static push => push.Done.TrySetResult(new CommitOutcome(push.Stored, null)));
            return;
        }

        // Pushed events need no lease, so if there is no log to append to, the source was deleted.
        var failed = outcome is AppendOutcome.Unavailable unavailable
            ? new CommitOutcome(0, unavailable.Reason)
            : new CommitOutcome(0, "The source was deleted.") { IsGone = true };
        group.AddRange(TakeAll());
        AnswerAll(group, push => push.Done.TrySetResult(failed));
    }

    // Never on the thread that appends: the next group does not wait until this one is answered.
    private static void AnswerAll(List<Push> group, Action<Push> answer)
    {
        for (var first = 0; first < group.Count; first += AnsweredTogether)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static part =>
                {
                    for (var i = part.First; i < Math.Min(part.First + AnsweredTogether, part.Group.Count); i++)
                    {
                        part.Give(part.Group[i]);
                    }
                },
                (Group: group, First: first, Give: answer), preferLocal: false);
        }
    }

    // If the log is unavailable, waiting pushes would only fail later in the same way.
    private List<Push> TakeAll()
    {
        lock (guard)
        {
            List<Push> all = [.. waiting];
            waiting.Clear();
            return all;
        }
    }

    // The stored events are a subset of those sent, in the same order and the same memory.
    private static int CountStored(IReadOnlyList<IncomingEvent> sent, IReadOnlyList<IncomingEvent> stored, ref int next)
    {
        var count = 0;
        var all = ListSpan.Of(stored);
        foreach (ref readonly var incoming in ListSpan.Of(sent))
        {
            if (next < all.Length && all[next].Body.Equals(incoming.Body))
            {
                next++;
                count++;
            }
        }

        return count;
    }

    private sealed record Push(IReadOnlyList<IncomingEvent> Events)
    {
        /// <summary>The span of the request that sent them; default if there is none.</summary>
        public ActivityContext Sent { get; } = Activity.Current?.Context ?? default;

        /// <summary>How many of its events were new, once they are committed.</summary>
        public int Stored { get; set; }

        /// <summary>Whoever waits for it goes on where it is completed (<see cref="AnswerAll"/>).</summary>
        public TaskCompletionSource<CommitOutcome> Done { get; } = new();
    }
}

/// <summary>The outcome of a commit.</summary>
/// <param name="Stored">How many events were new.</param>
/// <param name="Fault">Why nothing is known to be stored; null after the commit.</param>
internal sealed record CommitOutcome(int Stored, string? Fault)
{
    /// <summary>Whether the source no longer exists.</summary>
    public bool IsGone { get; init; }
}
