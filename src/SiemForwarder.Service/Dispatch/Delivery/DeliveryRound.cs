using Polly;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Resilience;

namespace SiemForwarder.Service.Dispatch.Delivery;

/// <summary>How a round ended.</summary>
/// <param name="Outcome">Outcome of its last attempt.</param>
/// <param name="Attempts">How many attempts it took.</param>
internal sealed record RoundResult(DeliveryOutcome Outcome, int Attempts)
{
    /// <summary>The result for a batch without events: nothing is sent.</summary>
    public static RoundResult Nothing { get; } = new(new DeliveryOutcome.Delivered("filtered out"), 0);
}

/// <summary>One attempt and its retries with growing delays; retries only what may succeed with the same bytes.</summary>
internal sealed class DeliveryRound
{
    private readonly IDestination destination;
    private readonly ResiliencePipeline<DeliveryOutcome> pipeline;
    private readonly Func<CancellationToken, Task> maySend;
    private readonly CancellationToken sendingToken;
    private readonly DeliveryMeter? meter;

    /// <param name="destination">Where to send.</param>
    /// <param name="options">Number of retries and their delays.</param>
    /// <param name="time">Clock of the delays.</param>
    /// <param name="attemptFailed">Called for every failed attempt that will be retried.</param>
    /// <param name="maySend">Awaited before every attempt: it may have been a long time since the last one.</param>
    /// <param name="meter">Measures every attempt; null where nobody does.</param>
    /// <param name="sendingToken">Cancels a running send; the token of a round ends it before the next attempt.</param>
    public DeliveryRound(
        IDestination destination, DispatchOptions options, TimeProvider time, Func<DeliveryOutcome.Transient, CancellationToken, Task> attemptFailed,
        Func<CancellationToken, Task> maySend, DeliveryMeter? meter, CancellationToken sendingToken)
    {
        (this.destination, this.maySend, this.meter, this.sendingToken) = (destination, maySend, meter, sendingToken);
        pipeline = RetryPolicies.ForDelivery(options.Retries, RetryDelays(options), time, attemptFailed);
    }

    /// <summary>Delays between the attempts of a round.</summary>
    public static Backoff RetryDelays(DispatchOptions options) => new(options.RetryDelay, options.MaxRoundPause);

    /// <summary>Pauses between two rounds.</summary>
    public static Backoff Pauses(DispatchOptions options) => new(options.RoundPause, options.MaxRoundPause);

    /// <summary>Sends until the batch is accepted, rejected, or the retries are used up. Throws only on cancellation.</summary>
    public async Task<RoundResult> RunAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var attempts = 0;
        var outcome = await pipeline.ExecuteAsync(
            async token =>
            {
                token.ThrowIfCancellationRequested();
                attempts++;
                await maySend(token);
                return await (meter?.SendAsync(batch, () => SendAsync(batch, sendingToken)) ?? SendAsync(batch, sendingToken));
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
            // A bug in a destination must not stop this integration for good, or the others: keep the events, retry, and report it.
            return new DeliveryOutcome.Transient(
                ErrorCategory.Internal, $"The destination failed unexpectedly: {exception.GetType().Name}: {exception.Message}");
        }
    }
}

/// <summary>A token that is cancelled some time after another one, so that a send under way can finish when a loop is stopped
/// and is not repeated.</summary>
internal sealed class DelayedCancellation : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly CancellationTokenRegistration registration;

    /// <param name="span">The delay.</param>
    /// <param name="stopping">The token that stops the loop.</param>
    public DelayedCancellation(TimeSpan span, CancellationToken stopping) =>
        registration = stopping.UnsafeRegister(_ => source.CancelAfter(span), null);

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        registration.Dispose();
        source.Dispose();
    }
}
