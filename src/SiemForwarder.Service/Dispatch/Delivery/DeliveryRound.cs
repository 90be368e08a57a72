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
    /// <summary>Of a batch without events: nothing is sent.</summary>
    public static RoundResult Nothing { get; } = new(new DeliveryOutcome.Delivered("filtered out"), 0);
}

/// <summary>One attempt and its retries with growing delays; only what may work with the same bytes is tried again.</summary>
internal sealed class DeliveryRound
{
    private readonly IDestination destination;
    private readonly ResiliencePipeline<DeliveryOutcome> pipeline;
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
        (this.destination, this.maySend, this.sendingToken) = (destination, maySend, sendingToken);
        pipeline = RetryPolicies.ForDelivery(options.Retries, RetryDelays(options), time, attemptFailed);
    }

    /// <summary>Delays between the attempts of a round.</summary>
    public static Backoff RetryDelays(DispatchOptions options) => new(options.RetryDelay, options.MaxRoundPause);

    /// <summary>Pauses between two rounds.</summary>
    public static Backoff Pauses(DispatchOptions options) => new(options.RoundPause, options.MaxRoundPause);

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

/// <summary>A token that is cancelled a little after another one: what is on its way when a loop is stopped may come to its end, so that it
/// is not sent twice.</summary>
internal sealed class DelayedCancellation : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly CancellationTokenRegistration registration;

    /// <param name="span">How long after the other one.</param>
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
