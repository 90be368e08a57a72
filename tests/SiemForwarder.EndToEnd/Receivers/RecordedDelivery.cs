using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>A running service that sends all recorded events to one real receiver.</summary>
internal sealed class RecordedDelivery : IAsyncDisposable
{
    private RecordedDelivery(ForwarderApplication forwarder, IReadOnlyList<string> ids, int integration) =>
        (Forwarder, Ids, Integration) = (forwarder, ids, integration);

    public ForwarderApplication Forwarder { get; }

    /// <summary>The ids of all recorded events.</summary>
    public IReadOnlyList<string> Ids { get; }

    /// <summary>The id of the integration.</summary>
    public int Integration { get; }

    /// <summary>Sends everything to a new integration and waits until it counts as delivered.</summary>
    public static async Task<RecordedDelivery> RunAsync(TestPostgres postgres, object request)
    {
        var forwarder = await ForwarderApplication.StartAsync(postgres);
        var sources = await RecordedLog.AddSourcesAsync(forwarder);
        var integration = await forwarder.AddIntegrationAsync(request);
        var ids = await RecordedLog.AppendAsync(forwarder, sources);
        var status = await forwarder.WaitForAsync(
            $"/api/v1/integrations/{integration}/status", node => node["backlog"]!.GetValue<long>() == 0 && node["status"]!.GetValue<string>() != "Not yet invoked");
        Assert.Equal(("Success", 0), (status["status"]!.GetValue<string>(), status["setAside"]!.GetValue<long>()));
        return new RecordedDelivery(forwarder, ids, integration);
    }

    /// <summary>Fails unless every recorded event is among these exactly once.</summary>
    public void AssertArrivedOnce(IEnumerable<string?> ids) =>
        Assert.Equal(Ids.Order(StringComparer.Ordinal), ids.Select(id => id ?? "no id").Order(StringComparer.Ordinal));

    public ValueTask DisposeAsync() => Forwarder.DisposeAsync();
}
