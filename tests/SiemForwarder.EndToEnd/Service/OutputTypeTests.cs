using System.Text;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Every output type and schema that the API offers arrives in its shape, with the event's id.</summary>
public sealed class OutputTypeTests(TestPostgres postgres)
{
    [Theory]
    [InlineData("JSON", "native", "\"event_type\":\"LOGIN\"")]
    [InlineData("JSON", "raw", "\"type\":\"LOGIN\"")]
    [InlineData("JSON", "ecs", "\"ecs\":{\"version\":\"9.4.0\"}")]
    [InlineData("JSON", "ocsf", "\"class_uid\":3002")]
    [InlineData("Syslog", "native", "[keycloak@32473 ")]
    [InlineData("CEF", null, "CEF:0|SiemForwarder|Keycloak|")]
    [InlineData("LEEF", null, "LEEF:2.0|SiemForwarder|Keycloak|")]
    public async Task TheWantedShapeArrives(string outputType, string? schema, string mark)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        await forwarder.AddIntegrationAsync(new { name = "shape", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType, schema });

        var ids = await SeededLog.AppendAsync(forwarder, source, ["zoë"]);

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(TimeSpan.FromSeconds(30));
        await receiver.WaitForMessagesAsync(1, bound.Token);
        var message = Encoding.UTF8.GetString(receiver.Messages[0]);
        Assert.Contains(mark, message, StringComparison.Ordinal);
        Assert.Contains(ids[0], message, StringComparison.Ordinal);
    }
}
