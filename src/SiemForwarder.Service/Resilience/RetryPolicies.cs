using Polly;
using Polly.Retry;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Resilience;

/// <summary>The retry policies of the service, by name: what is tried again, how often, and after which delay.</summary>
internal static class RetryPolicies
{
    private static readonly Backoff DatabaseDelays = new(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(5));

    /// <summary>A round of a delivery: an attempt and its retries, where the same bytes may work later.</summary>
    /// <param name="retries">Retries after the first attempt; 0 for none.</param>
    /// <param name="delays">Delays between them; what the destination asked for wins where it is longer.</param>
    /// <param name="time">Clock of the delays.</param>
    /// <param name="attemptFailed">Told of every failed attempt that is going to be retried.</param>
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

    /// <summary>An operation of the database: again for as long as the fault is the database's, with a delay from a quarter of a second to five.</summary>
    /// <param name="time">Clock of the delays.</param>
    /// <param name="failed">Told of every fault.</param>
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
