using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Engines;

/// <summary>Repeats a database operation until the database is back; what was sent meanwhile stays known in memory.</summary>
internal sealed class DatabaseRetry(TimeProvider time, ForwarderTelemetry telemetry)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(5);

    public async Task<T> TryUntilDoneAsync<T>(Func<CancellationToken, Task<T>> operation, CancellationToken cancellationToken)
    {
        var delay = FirstDelay;
        while (true)
        {
            try
            {
                return await operation(cancellationToken);
            }
            catch (Exception exception) when (DatabaseFault.IsDatabase(exception))
            {
                telemetry.DatabaseUnavailable(exception);
            }

            await Task.Delay(delay, time, cancellationToken);
            delay = delay * 2 > MaxDelay ? MaxDelay : delay * 2;
        }
    }
}
