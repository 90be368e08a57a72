using Polly;
using SiemForwarder.Service.Resilience;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Engines;

/// <summary>Repeats a database operation until the database is back; what was already sent stays in memory meanwhile.</summary>
internal sealed class DatabaseRetry(TimeProvider time, ForwarderTelemetry telemetry)
{
    private readonly ResiliencePipeline pipeline = RetryPolicies.Database(time, telemetry.DatabaseUnavailable);

    /// <summary>Returns the result of the operation once it succeeds; throws only on cancellation and for faults other than the database's.</summary>
    public async Task<T> TryUntilDoneAsync<T>(Func<CancellationToken, Task<T>> operation, CancellationToken cancellationToken)
    {
        try
        {
            return await pipeline.ExecuteAsync(
                static async (operation, token) => await operation(token), operation, cancellationToken);
        }
        catch (Exception exception) when (cancellationToken.IsCancellationRequested && DatabaseFault.IsDatabase(exception))
        {
            // After a stop nothing is retried, and the caller should see the cancellation rather than the fault.
            telemetry.DatabaseUnavailable(exception);
            throw new OperationCanceledException(exception.Message, exception, cancellationToken);
        }
    }

    /// <summary>The same for an operation that returns nothing.</summary>
    public Task TryUntilDoneAsync(Func<CancellationToken, Task> operation, CancellationToken cancellationToken) => TryUntilDoneAsync(
        async token =>
        {
            await operation(token);
            return true;
        },
        cancellationToken);
}
