using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>An integration whose server URL leads to something that is no syslog receiver.</summary>
public sealed class WrongPeerDeliveryTests(TestPostgres postgres)
{
    private static CancellationToken Token => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    [Theory]
    [InlineData("lf")]
    [InlineData("octet-counting")]
    public async Task NothingCountsAsDeliveredAtAWebServerAndTheRightReceiverGetsEverythingOnce(string framing)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var port = LoopbackPorts.Next();
        var web = await StartWebServerAsync(port);
        var source = await SeededLog.AddSourceAsync(forwarder);
        var integration = await forwarder.AddIntegrationAsync(
            new { name = "wrong", serverUrl = $"tcp://127.0.0.1:{port}", outputType = "JSON", syslog = new { framing } });

        var ids = await SeededLog.AppendAsync(forwarder, source, Enumerable.Range(0, 200).Select(i => $"user-{i}"));

        var error = await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["status"]!.GetValue<string>() == "Error");
        Assert.Equal(200, error["backlog"]!.GetValue<long>());
        Assert.Null(error["lastSuccessAt"]);
        Assert.Contains("web server", error["lastError"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        await web.DisposeAsync();
        await using var receiver = TcpSyslogReceiver.Start(port: port);
        await receiver.WaitForMessagesAsync(200, Token);
        var status = await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["backlog"]!.GetValue<long>() == 0);

        Assert.Equal("Success", status["status"]!.GetValue<string>());
        Assert.Equal(ids, receiver.Messages.Select(message => JsonNode.Parse(message)!["event_id"]!.GetValue<string>()));
    }

    private static async Task<WebApplication> StartWebServerAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var web = builder.Build();
        await web.StartAsync(Token);
        return web;
    }
}
