using System.Text;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
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

    [Theory]
    [InlineData("escape", @"suser=\\u202Egnp.exe ")]
    [InlineData("keep", "suser=\u202Egnp.exe ")]
    [InlineData(null, @"suser=\\u202Egnp.exe ")]
    public async Task ACharacterThatNobodySeesArrivesAsTheIntegrationWantsIt(string? invisibleCharacters, string written)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        await forwarder.AddIntegrationAsync(
            new { name = "shape", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "CEF", syslog = new { invisibleCharacters } });

        await SeededLog.AppendAsync(forwarder, source, ["\u202Egnp.exe"]);

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(TimeSpan.FromSeconds(30));
        await receiver.WaitForMessagesAsync(1, bound.Token);
        Assert.Contains(written, Encoding.UTF8.GetString(receiver.Messages[0]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheRepresentationOfAnAdminEventComesOnlyWhereItIsAskedFor()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var plain = TcpSyslogReceiver.Start();
        await using var asking = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        await forwarder.AddIntegrationAsync(new { name = "plain", serverUrl = $"tcp://127.0.0.1:{plain.Port}", outputType = "JSON" });
        await forwarder.AddIntegrationAsync(new { name = "asking", serverUrl = $"tcp://127.0.0.1:{asking.Port}", outputType = "JSON", includeRepresentation = true });
        var body = """{"id":"7d2c1c0e-4f7b-4c7e-9a3e-2f6a7c9f1b22","time":1789041600000,"realmId":"r","operationType":"UPDATE","resourceType":"USER","resourcePath":"users/1","representation":"{\"username\":\"alice-in-it\"}"}"""u8.ToArray();
        var writer = forwarder.Services.GetRequiredService<EventLogWriter>();
        await writer.AppendAsync(
            new LogAppend(source, EventStream.Admin, [new IncomingEvent(1_789_041_600_000, EventKey.FromHash(body), null, body)], null), TestContext.Current.CancellationToken);

        await plain.WaitForMessagesAsync(1, TestContext.Current.CancellationToken);
        await asking.WaitForMessagesAsync(1, TestContext.Current.CancellationToken);

        Assert.DoesNotContain("\"representation\"", Encoding.UTF8.GetString(plain.Messages[0]), StringComparison.Ordinal);
        Assert.Contains("alice-in-it", Encoding.UTF8.GetString(asking.Messages[0]), StringComparison.Ordinal);
    }
}
