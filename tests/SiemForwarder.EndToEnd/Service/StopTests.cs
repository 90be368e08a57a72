using System.Net.Sockets;
using System.Text;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>SIGTERM ends the process soon, whatever hangs at it.</summary>
public sealed class StopTests(TestPostgres postgres)
{
    private const string InboxKey = "a-key-of-at-least-thirty-two-characters";

    // Ten seconds are promised; the rest is for a busy machine.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(25);

    [Fact]
    public async Task AReceiverThatTakesNothingAndAPushThatNeverEndsDoNotHoldItUp()
    {
        var token = TestContext.Current.CancellationToken;
        await using var stuck = TcpSyslogReceiver.Start(new TcpReceiverOptions { Conduct = TcpReceiverConduct.ReadNothing, ReceiveBufferBytes = 4096 });
        await using var forwarder = new ForwarderProcess(
            ForwarderProcess.NewFolder(), new Dictionary<string, string> { ["ConnectionStrings__Forwarder"] = await postgres.CreateDatabaseAsync() });
        await forwarder.StartAsync(token);
        var source = await forwarder.PostAsync("/api/v1/sources", new { name = "apps", kind = "http", inbox = new { key = InboxKey } }, token);
        await forwarder.PostAsync("/api/v1/integrations", new { name = "stuck", serverUrl = $"tcp://127.0.0.1:{stuck.Port}", enabled = true }, token);
        var path = $"/api/v1/sources/{source["id"]}/events";
        await PushAsync(forwarder, path, Enumerable.Range(0, 1000).Select(number => new
        {
            event_id = $"e{number}", event_type = "transaction.denied", timestamp = DateTimeOffset.UtcNow, context = new { padding = new string('x', 2000) },
        }), token);
        await stuck.WaitUntilAsync(seen => seen.Connections.Count > 0, token);
        using var trickle = new TcpClient();
        await trickle.ConnectAsync("127.0.0.1", forwarder.Port, token);
        await trickle.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {InboxKey}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n["), token);

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(token);
        bound.CancelAfter(Bound);
        await forwarder.StopAsync(bound.Token);

        Assert.Equal(0, forwarder.Process!.ExitCode);
    }

    private static async Task PushAsync(ForwarderProcess forwarder, string path, object events, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = System.Net.Http.Json.JsonContent.Create(events) };
        request.Headers.Add("X-API-Key", InboxKey);
        using var client = new HttpClient { BaseAddress = forwarder.Api.BaseAddress };
        using var answer = await client.SendAsync(request, cancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
    }
}
