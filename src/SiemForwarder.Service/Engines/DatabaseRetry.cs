using Polly;
using SiemForwarder.Service.Resilience;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Engines;

/// <summary>Repeats a database operation until the database is back; what was sent meanwhile stays known in memory.</summary>
internal sealed class DatabaseRetry(TimeProvider time, ForwarderTelemetry telemetry)
{
    private readonly ResiliencePipeline pipeline = RetryPolicies.Database(time, telemetry.DatabaseUnavailable);

    /// <summary>What the operation returns once the database does it; only cancellation, and what is no fault of the database, throws.</summary>
    public async Task<T> TryUntilDoneAsync<T>(Func<CancellationToken, Task<T>> operation, CancellationToken cancellationToken)
    {
        try
        {
            return await pipeline.ExecuteAsync(
                static async (operation, token) => await operation(token), operation, cancellationToken);
        }
        catch (Exception exception) when (cancellationToken.IsCancellationRequested && DatabaseFault.IsDatabase(exception))
        {
            // Nothing is retried once it is stopped, and then the stop is what its caller is to hear of.
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
