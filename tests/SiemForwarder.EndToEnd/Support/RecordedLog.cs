using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Service.EventLog;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>Everything that real Keycloak servers of both tiers served, put into the log of a running service.</summary>
internal static class RecordedLog
{
    private static readonly string[] Names = ["recorded-26.7.4", "recorded-24.0.5"];

    /// <summary>A source for each server.</summary>
    public static async Task<IReadOnlyList<int>> AddSourcesAsync(ForwarderApplication forwarder)
    {
        var sources = new List<int>();
        foreach (var name in Names)
        {
            sources.Add(await SeededLog.AddSourceAsync(forwarder, name));
        }

        return sources;
    }

    /// <summary>Appends all of them to their sources; their ids.</summary>
    public static async Task<List<string>> AppendAsync(ForwarderApplication forwarder, IReadOnlyList<int> sources)
    {
        var ids = new List<string>();
        foreach (var (name, source) in Names.Zip(sources))
        {
            using var document = JsonDocument.Parse(await File.ReadAllTextAsync(PathOf(name), TestContext.Current.CancellationToken));
            foreach (var (stream, member) in new[] { (EventStream.User, "userEvents"), (EventStream.Admin, "adminEvents") })
            {
                var events = Read(document.RootElement.GetProperty(member));
                ids.AddRange(events.Select(one => one.Key.ToString()));
                Assert.IsType<AppendOutcome.Committed>(await forwarder.Services.GetRequiredService<EventLogWriter>()
                    .AppendAsync(new LogAppend(source, stream, events, null), TestContext.Current.CancellationToken));
            }
        }

        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.InRange(ids.Count, 500, 1000);
        return ids;
    }

    // The old tier has no ids: there the content is the key, as when it is polled.
    private static List<IncomingEvent> Read(JsonElement rows)
    {
        var hash = new KeycloakContentHash();
        var alike = new Dictionary<EventKey, int>();
        var events = new List<IncomingEvent>();
        foreach (var row in rows.EnumerateArray())
        {
            var json = Encoding.UTF8.GetBytes(row.GetRawText());
            var key = row.TryGetProperty("id", out var id) && id.GetString() is { } text ? EventKey.FromId(Encoding.UTF8.GetBytes(text)) : hash.Compute(json, 0);
            if (alike.TryGetValue(key, out var count))
            {
                alike[key] = count + 1;
                key = hash.Compute(json, count);
            }

            alike.TryAdd(key, 1);
            events.Add(new IncomingEvent(row.GetProperty("time").GetInt64(), key, null, json));
        }

        return events;
    }

    private static string PathOf(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder.Parent is not null && !File.Exists(Path.Combine(folder.FullName, "SiemForwarder.sln")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder.FullName, "tests", "SiemForwarder.Tests", "Fixtures", name + ".json");
    }
}
