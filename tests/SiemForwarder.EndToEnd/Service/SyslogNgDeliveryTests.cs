using System.Text.Json;
using SiemForwarder.EndToEnd.Receivers;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>From the log into a real syslog-ng, as RFC 5424 over every plain transport.</summary>
public sealed class SyslogNgDeliveryTests(TestPostgres postgres, SyslogNgServer server) : IClassFixture<SyslogNgServer>
{
    private static readonly string[] Hostile = ["line\r\nbreak <13>1 - x", "]\" = | \\", "Zoë \u2028 \u202e", "{\"a\":1}", "\0\u0001\u007f"];

    [Theory]
    [InlineData("udp", null)]
    [InlineData("tcp", "lf")]
    [InlineData("tcp", "octet-counting")]
    public async Task EveryEventIsUnderstoodOnceWhateverTheUserIsCalled(string protocol, string? framing)
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(TimeSpan.FromSeconds(60));
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder);
        var port = protocol == "udp" ? server.UdpPort : framing == "lf" ? server.LinePort : server.CountedPort;
        var appName = $"app-{Guid.NewGuid():N}"[..20];
        await forwarder.AddIntegrationAsync(new { name = "syslog-ng", serverUrl = $"{protocol}://127.0.0.1:{port}", syslog = new { appName, framing } });
        var users = Enumerable.Range(0, 100).Select(index => $"{Hostile[index % Hostile.Length]}{index}").ToList();

        var ids = await SeededLog.AppendAsync(forwarder, source, users);

        var mine = await ReadAsync(appName, ids.Count, bound.Token);
        var events = mine.Select(line => JsonDocument.Parse(line.GetProperty("msg").GetString()!).RootElement).ToList();
        Assert.Equal(ids, events.Select(one => one.GetProperty("event_id").GetString()));
        Assert.All(mine, line => Assert.Equal("LOGIN", line.GetProperty("msgid").GetString()));
        Assert.Equal(
            users.Select(user => user.Replace('\0', '\uFFFD')),
            events.Select(one => one.GetProperty("context").GetProperty("username").GetString()!.Replace('\0', '\uFFFD')));
    }

    private async Task<List<JsonElement>> ReadAsync(string appName, int count, CancellationToken cancellationToken)
    {
        for (var atLeast = count; ; atLeast++)
        {
            var all = await server.ReadAsync(atLeast, cancellationToken);
            var mine = all.Where(line => line.GetProperty("app").GetString() == appName).ToList();
            if (mine.Count >= count)
            {
                return mine;
            }

            atLeast = Math.Max(atLeast, all.Count);
        }
    }
}
