using SiemForwarder.Connections;
using SiemForwarder.Destinations;

namespace SiemForwarder.Tests.Service.Dispatch;

/// <summary>Answers as the script says, one outcome per attempt, and notes when it was asked.</summary>
internal sealed class ScriptedDestination(TimeProvider time, params Func<DeliveryOutcome>[] script) : IDestination
{
    public List<DateTimeOffset> AskedAt { get; } = [];

    public BatchLimits Limits { get; } = new(100, 100_000);

    public Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        AskedAt.Add(time.GetUtcNow());
        return Task.FromResult(script[Math.Min(AskedAt.Count, script.Length) - 1]());
    }

    public Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
