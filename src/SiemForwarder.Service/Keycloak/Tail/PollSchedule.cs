using SiemForwarder.Connections;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>How long to wait before the next poll of a stream; pure arithmetic on the outcomes of the last polls.</summary>
internal sealed class PollSchedule(TimeSpan interval, Func<double> random)
{
    private static readonly TimeSpan SlowRetry = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MaxDatabaseBackoff = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxIdleInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(1);
    private static readonly TimeSpan IdleAfter = TimeSpan.FromMinutes(10);

    private int failures;
    private TimeSpan idle;

    /// <summary>The delay before the next poll.</summary>
    public TimeSpan Next(PollOutcome outcome)
    {
        switch (outcome)
        {
            case PollOutcome.Polled { MoreWaiting: true }:
                failures = 0;
                idle = TimeSpan.Zero;
                return TimeSpan.Zero;
            case PollOutcome.Polled polled:
                failures = 0;
                idle = polled.Appended > 0 ? TimeSpan.Zero : idle + interval;
                return Idle();
            default:
                var failed = (PollOutcome.Failed)outcome;
                failures++;
                return Longer(Backoff(failed.Category), failed.RetryAfter);
        }
    }

    private TimeSpan Idle()
    {
        // A realm that has been idle for ten minutes is polled less and less often, until something happens.
        var stretched = interval * Math.Max(1, idle / IdleAfter);
        return stretched < interval || interval > MaxIdleInterval ? interval : stretched < MaxIdleInterval ? stretched : MaxIdleInterval;
    }

    private TimeSpan Backoff(ErrorCategory category)
    {
        if (category is ErrorCategory.Authentication or ErrorCategory.Authorization or ErrorCategory.Configuration or ErrorCategory.Tls)
        {
            return SlowRetry;
        }

        // The backoff is meant to spare the realm's server; our own database is retried as often as elsewhere in the service.
        var longest = category == ErrorCategory.Database ? MaxDatabaseBackoff : MaxBackoff;
        var full = TimeSpan.FromSeconds(Math.Min(longest.TotalSeconds, Math.Pow(2, Math.Min(failures, 10))));
        return full * (0.5 + (random() / 2));
    }

    private static TimeSpan Longer(TimeSpan backoff, TimeSpan? retryAfter)
    {
        var asked = retryAfter < MaxRetryAfter ? retryAfter.Value : retryAfter is null ? TimeSpan.Zero : MaxRetryAfter;
        return asked > backoff ? asked : backoff;
    }
}
