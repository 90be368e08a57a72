using System.Text;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using Microsoft.Extensions.DependencyInjection;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>Puts events into the log of a running service without a Keycloak, for tests of what comes behind the log.</summary>
internal static class SeededLog
{
    /// <summary>A disabled source to append to.</summary>
    public static async Task<int> AddSourceAsync(ForwarderApplication forwarder, string name = "seeded")
    {
        var source = await forwarder.PostAsync("/api/v1/sources", new
        {
            name,
            enabled = false,
            keycloak = new { baseUrl = "http://127.0.0.1:9", realm = "seeded", clientId = "c", clientSecret = "s", allowDuplicate = true },
        });
        return source["id"]!.GetValue<int>();
    }

    /// <summary>Appends login events of these user names, one millisecond apart; their ids in order.</summary>
    public static async Task<List<string>> AppendAsync(ForwarderApplication forwarder, int sourceId, IEnumerable<string> users, long firstMs = 1_789_041_600_000)
    {
        var writer = forwarder.Services.GetRequiredService<EventLogWriter>();
        var ids = new List<string>();
        foreach (var page in users.Chunk(500))
        {
            var events = new List<IncomingEvent>();
            foreach (var user in page)
            {
                var (id, time) = (Guid.NewGuid().ToString("D"), firstMs + ids.Count);
                ids.Add(id);
                var body = $$"""{"id":"{{id}}","time":{{time}},"type":"LOGIN","realmId":"r","clientId":"app","userId":"u-{{ids.Count}}","ipAddress":"192.0.2.1","details":{"username":{{System.Text.Json.JsonSerializer.Serialize(user)}}} }""";
                events.Add(new IncomingEvent(time, EventKey.FromId(Encoding.UTF8.GetBytes(id)), null, Encoding.UTF8.GetBytes(body)));
            }

            Assert.IsType<AppendOutcome.Committed>(
                await writer.AppendAsync(new LogAppend(sourceId, EventStream.User, events, null), TestContext.Current.CancellationToken));
        }

        return ids;
    }
}
