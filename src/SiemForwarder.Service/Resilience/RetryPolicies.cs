using Polly;
using Polly.Retry;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Resilience;

/// <summary>The retry policies of the service, by name: what is retried, how often, and after which delay.</summary>
internal static class RetryPolicies
{
    private static readonly Backoff DatabaseDelays = new(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(5));

    /// <summary>A delivery round: an attempt and its retries, if the same bytes may be accepted later.</summary>
    /// <param name="retries">Retries after the first attempt; 0 for none.</param>
    /// <param name="delays">Delays between them; a longer delay requested by the destination takes precedence.</param>
    /// <param name="time">Clock of the delays.</param>
    /// <param name="attemptFailed">Called for every failed attempt that will be retried.</param>
    public static ResiliencePipeline<DeliveryOutcome> ForDelivery(
        int retries, Backoff delays, TimeProvider time, Func<DeliveryOutcome.Transient, CancellationToken, Task> attemptFailed) =>
        retries == 0 ? ResiliencePipeline<DeliveryOutcome>.Empty : new ResiliencePipelineBuilder<DeliveryOutcome> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<DeliveryOutcome>
            {
                ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Result is DeliveryOutcome.Transient),
                MaxRetryAttempts = retries,
                DelayGenerator = arguments => ValueTask.FromResult<TimeSpan?>(delays.Of(
                    arguments.AttemptNumber + 1, (arguments.Outcome.Result as DeliveryOutcome.Transient)?.RetryAfter, Random.Shared.NextDouble())),
                OnRetry = async arguments =>
                    await attemptFailed((DeliveryOutcome.Transient)arguments.Outcome.Result!, arguments.Context.CancellationToken),
            })
            .Build();

    /// <summary>A database operation: retried as long as the fault is the database's, with delays from a quarter of a second to five seconds.</summary>
    /// <param name="time">Clock of the delays.</param>
    /// <param name="failed">Called for every fault.</param>
    public static ResiliencePipeline Database(TimeProvider time, Action<Exception> failed) => new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Exception is { } exception && DatabaseFault.IsDatabase(exception)),
            MaxRetryAttempts = int.MaxValue,
            DelayGenerator = static arguments => ValueTask.FromResult<TimeSpan?>(DatabaseDelays.Of(arguments.AttemptNumber + 1)),
            OnRetry = arguments =>
            {
                failed(arguments.Outcome.Exception!);
                return ValueTask.CompletedTask;
            },
        })
        .Build();
}
