using SiemForwarder.Connections;
using SiemForwarder.Destinations;

namespace SiemForwarder.Tests.Destinations;

/// <summary>What every destination promises, whether it has a connection or not.</summary>
public abstract class DestinationContract
{
    protected const string SecretText = "hunter2-s3cret";

    protected static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    /// <summary>Opens the destination as its kind does, with a secret where it knows one.</summary>
    internal abstract IDestination Open(DestinationSettings settings);

    internal abstract DeliveryBatch Batch(int count = 2);

    protected static void AssertReadable(string reason)
    {
        Assert.Contains(SomeSettings.IntegrationName, reason);
        Assert.DoesNotContain(SecretText, reason);
        Assert.EndsWith(".", reason);
        Assert.DoesNotContain('\n', reason);
    }
}
