namespace SiemForwarder.Tests.Support;

/// <summary>A clock that stands still until a test moves it; timers fire while it moves, in their order.</summary>
public sealed class FakeTimeProvider(DateTimeOffset start) : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<FakeTimer> timers = [];
    private long elapsedTicks;

    public FakeTimeProvider()
        : this(new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero))
    {
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How many timers wait to fire.</summary>
    public int WaitingTimers
    {
        get
        {
            lock (gate)
            {
                return timers.Count;
            }
        }
    }

    public override DateTimeOffset GetUtcNow() => start + TimeSpan.FromTicks(Interlocked.Read(ref elapsedTicks));

    public override long GetTimestamp() => Interlocked.Read(ref elapsedTicks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        var target = Interlocked.Read(ref elapsedTicks) + by.Ticks;
        while (Next(target) is { } timer)
        {
            timer.Fire();
        }

        Interlocked.Exchange(ref elapsedTicks, target);
    }

    private FakeTimer? Next(long target)
    {
        lock (gate)
        {
            var next = timers.Where(timer => timer.DueTicks <= target).MinBy(timer => timer.DueTicks);
            if (next is not null)
            {
                timers.Remove(next);
                Interlocked.Exchange(ref elapsedTicks, Math.Max(elapsedTicks, next.DueTicks));
            }

            return next;
        }
    }

    /// <summary>A timer of the fake clock.</summary>
    private sealed class FakeTimer(FakeTimeProvider owner, Action callback) : ITimer
    {
        private TimeSpan period = Timeout.InfiniteTimeSpan;

        public long DueTicks { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan newPeriod)
        {
            lock (owner.gate)
            {
                owner.timers.Remove(this);
                period = newPeriod;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    DueTicks = owner.GetTimestamp() + dueTime.Ticks;
                    owner.timers.Add(this);
                }
            }

            return true;
        }

        public void Fire()
        {
            if (period > TimeSpan.Zero)
            {
                Change(period, period);
            }

            callback();
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
