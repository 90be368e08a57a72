using Microsoft.Extensions.Time.Testing;

namespace SiemForwarder.Tests.Support;

/// <summary>A clock that stands still until a test moves it, and tells how many timers wait for that.</summary>
public sealed class TestClock(DateTimeOffset start) : FakeTimeProvider(start)
{
    private int waiting;

    public TestClock()
        : this(new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero))
    {
    }

    /// <summary>How many timers wait to fire.</summary>
    public int WaitingTimers => Volatile.Read(ref waiting);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var counted = new CountedTimer(this);
        counted.Start(base.CreateTimer(_ =>
        {
            counted.Fired();
            callback(state);
        }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        counted.Change(dueTime, period);
        return counted;
    }

    private sealed class CountedTimer(TestClock owner) : ITimer
    {
        private ITimer? inner;
        private bool repeats;
        private int waits;

        public void Start(ITimer timer) => inner = timer;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            repeats = period != Timeout.InfiniteTimeSpan && period != TimeSpan.Zero;
            Wait(dueTime != Timeout.InfiniteTimeSpan);
            return inner!.Change(dueTime, period);
        }

        public void Fired() => Wait(repeats);

        public void Dispose()
        {
            Wait(false);
            inner!.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Wait(bool now)
        {
            var before = Interlocked.Exchange(ref waits, now ? 1 : 0);
            Interlocked.Add(ref owner.waiting, (now ? 1 : 0) - before);
        }
    }
}
