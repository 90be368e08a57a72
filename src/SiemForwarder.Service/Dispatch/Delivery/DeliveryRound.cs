using Polly;
using Polly.Retry;
using SiemForwarder.Destinations;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>How a round ended.</summary>
/// <param name="Outcome">Outcome of its last attempt.</param>
/// <param name="Attempts">How many attempts it took.</param>
internal sealed record RoundResult(DeliveryOutcome Outcome, int Attempts);

/// <summary>One attempt and its retries with growing delays; only what may work with the same bytes is tried again.</summary>
internal sealed class DeliveryRound
{
    private readonly IDestination destination;
    private readonly ResiliencePipeline<DeliveryOutcome> pipeline;
    private readonly Func<DeliveryOutcome.Transient, CancellationToken, Task> attemptFailed;
    private readonly Func<CancellationToken, Task> maySend;
    private readonly CancellationToken sendingToken;

    /// <param name="destination">Where to send.</param>
    /// <param name="options">Number of retries and their delays.</param>
    /// <param name="time">Clock of the delays.</param>
    /// <param name="attemptFailed">Told of every failed attempt that is going to be retried.</param>
    /// <param name="maySend">Awaited before every attempt: it may have been a long time since the last one.</param>
    /// <param name="sendingToken">Cancels a send that is under way; the token of a round ends it before the next attempt.</param>
    public DeliveryRound(
        IDestination destination, DispatchOptions options, TimeProvider time, Func<DeliveryOutcome.Transient, CancellationToken, Task> attemptFailed,
        Func<CancellationToken, Task> maySend, CancellationToken sendingToken)
    {
        this.maySend = maySend;
        this.sendingToken = sendingToken;
        this.destination = destination;
        this.attemptFailed = attemptFailed;
        var builder = new ResiliencePipelineBuilder<DeliveryOutcome> { TimeProvider = time };
        if (options.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions<DeliveryOutcome>
            {
                ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Result is DeliveryOutcome.Transient),
                MaxRetryAttempts = options.Retries,
                DelayGenerator = arguments => ValueTask.FromResult<TimeSpan?>(RetrySchedule.RetryDelay(
                    options, arguments.AttemptNumber + 1, (arguments.Outcome.Result as DeliveryOutcome.Transient)?.RetryAfter, Random.Shared.NextDouble())),
                OnRetry = async arguments =>
                    await this.attemptFailed((DeliveryOutcome.Transient)arguments.Outcome.Result!, arguments.Context.CancellationToken),
            });
        }

        pipeline = builder.Build();
    }

    /// <summary>Sends until it is accepted, refused, or the retries are used up. Only cancellation throws.</summary>
    public async Task<RoundResult> RunAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var attempts = 0;
        var outcome = await pipeline.ExecuteAsync(
            async token =>
            {
                token.ThrowIfCancellationRequested();
                attempts++;
                await maySend(token);
                return await SendAsync(batch, sendingToken);
            },
            cancellationToken);
        return new RoundResult(outcome, attempts);
    }

    private async Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            CrashPoint.Pass(CrashPoint.BeforeSend);
            var outcome = await destination.SendAsync(batch, cancellationToken);
            if (outcome is DeliveryOutcome.Delivered)
            {
                CrashPoint.Pass(CrashPoint.AfterSend);
            }

            return outcome;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception)
        {
            // A bug of a destination must stop neither this integration for good nor the others: keep the events, try again, say what it was.
            return new DeliveryOutcome.Transient(
                ErrorCategory.Internal, $"The destination failed in a way it should not have: {exception.GetType().Name}: {exception.Message}");
        }
    }
}
