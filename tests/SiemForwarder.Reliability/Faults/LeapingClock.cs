namespace SiemForwarder.Reliability.Faults;

/// <summary>A clock that runs as the system's and can be told to leap ahead; timers that are due by then fire at once.</summary>
internal sealed class LeapingClock : TimeProvider
{
    private readonly Lock guard = new();
    private readonly List<LeapingTimer> timers = [];
    private TimeSpan ahead;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;

    public override long GetTimestamp() => System.GetElapsedTime(0).Ticks + Ahead.Ticks;

    private TimeSpan Ahead
    {
        get
        {
            lock (guard)
            {
                return ahead;
            }
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new LeapingTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    public void Leap(TimeSpan by)
    {
        List<LeapingTimer> waiting;
        lock (guard)
        {
            ahead += by;
            waiting = [.. timers];
        }

        waiting.ForEach(timer => timer.Arm());
    }

    /// <summary>A timer that is set anew whenever its clock leaps.</summary>
    private sealed class LeapingTimer : ITimer
    {
        private readonly Lock turn = new();
        private readonly LeapingClock clock;
        private readonly TimerCallback callback;
        private readonly object? state;
        private readonly ITimer inner;
        private long dueTicks = long.MaxValue;
        private TimeSpan period = Timeout.InfiniteTimeSpan;

        public LeapingTimer(LeapingClock clock, TimerCallback callback, object? state)
        {
            (this.clock, this.callback, this.state) = (clock, callback, state);
            // An AsyncLocal of whoever makes the timer is not of concern here.
            inner = System.CreateTimer(_ => Fire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan newPeriod)
        {
            lock (turn)
            {
                period = newPeriod;
                dueTicks = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : clock.GetTimestamp() + dueTime.Ticks;
            }

            lock (clock.guard)
            {
                clock.timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    clock.timers.Add(this);
                }
            }

            return Arm();
        }

        public bool Arm()
        {
            lock (turn)
            {
                return inner.Change(
                    dueTicks == long.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromTicks(
                        Math.Clamp(dueTicks - clock.GetTimestamp(), 0, TimeSpan.TicksPerDay)),
                    Timeout.InfiniteTimeSpan);
            }
        }

        public void Dispose()
        {
            lock (clock.guard)
            {
                clock.timers.Remove(this);
            }

            inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire()
        {
            lock (turn)
            {
                if (dueTicks > clock.GetTimestamp())
                {
                    inner.Change(TimeSpan.FromTicks(Math.Min(Math.Max(dueTicks - clock.GetTimestamp(), 0), TimeSpan.TicksPerDay)),
                    Timeout.InfiniteTimeSpan);
                    return;
                }
            }

            if (period > TimeSpan.Zero)
            {
                Change(period, period);
            }
            else
            {
                Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }

            callback(state);
        }
    }
}
