using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>How much an integration will send a day, against a log of which every event is known.</summary>
public sealed class VolumeTests(TestPostgres postgres)
{
    private const string NoIndex = "--Forwarder:EventLog:IndexEnabled=false";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("index", null)]
    [InlineData("log", NoIndex)]
    public async Task EventsAndBytesOfTheLast24HoursAreCountedByType(string method, string? setting)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, [.. setting is null ? [] : new[] { setting }]);
        await using var receiver = TcpSyslogReceiver.Start();
        var (counted, other) = (await SeededLog.AddSourceAsync(forwarder), await SeededLog.AddSourceAsync(forwarder, "other"));
        var now = DateTimeOffset.UtcNow;
        var id = await forwarder.AddIntegrationAsync(new
        {
            name = "counted", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources = new[] { counted }, filter = new { exclude = new { types = new[] { "REFRESH*" } } },
        });
        await AppendAsync(forwarder, counted, "LOGIN", 30, now.AddHours(-23));
        await AppendAsync(forwarder, counted, "LOGIN_ERROR", 7, now.AddHours(-2));
        await AppendAsync(forwarder, counted, "REFRESH_TOKEN", 500, now.AddHours(-1));
        await AppendAsync(forwarder, counted, "LOGIN", 11, now.AddHours(-25));
        await AppendAsync(forwarder, other, "LOGIN", 13, now.AddHours(-1));
        await receiver.WaitForMessagesAsync(48, Token);
        await IndexedAsync(forwarder, setting);

        var volume = await forwarder.GetAsync($"/api/v1/integrations/{id}/volume");

        Assert.Equal((method, true, 537, 537, 37), (
            (string)volume["method"]!, volume["isExact"]!.GetValue<bool>(), volume["storedEvents"]!.GetValue<int>(), volume["readEvents"]!.GetValue<int>(), volume["events"]!.GetValue<int>()));
        Assert.Equal(now.AddHours(-23).ToUnixTimeMilliseconds(), volume["firstEventAt"]!.GetValue<DateTimeOffset>().ToUnixTimeMilliseconds());
        Assert.Equal([$"LOGIN:30:{(method == "index" ? 25 : 30)}", "LOGIN_ERROR:7:7"], volume["types"]!.AsArray().Select(type => $"{type!["type"]}:{type["events"]}:{type["renderedEvents"]}"));
        var arrived = receiver.Messages.Select(message => (Text: Encoding.UTF8.GetString(message), message.Length)).ToList();
        foreach (var type in volume["types"]!.AsArray())
        {
            // All events of a type are equally long.
            var one = arrived.First(message => message.Text.Contains($"\"event_type\":\"{type!["type"]}\"", StringComparison.Ordinal)).Length;
            var events = type!["events"]!.GetValue<int>();
            Assert.Equal((one * events, (one + 1) * events), (type["bytes"]!.GetValue<int>(), type["sentBytes"]!.GetValue<int>()));
        }

        Assert.Equal(volume["types"]!.AsArray().Sum(type => type!["bytes"]!.GetValue<long>()), volume["bytes"]!.GetValue<long>());
    }

    [Fact]
    public async Task AnIntegrationThatIsNotStoredIsEstimatedInItsOwnFormat()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder);
        await AppendAsync(forwarder, source, "LOGIN", 200, DateTimeOffset.UtcNow.AddHours(-3));
        await AppendAsync(forwarder, source, "LOGOUT", 100, DateTimeOffset.UtcNow.AddHours(-2));
        await IndexedAsync(forwarder, null);

        async Task<JsonNode> Of(object integration) => await forwarder.PostAsync("/api/v1/integrations/volume", new { integration });
        var cef = await Of(new { serverUrl = "tcp://siem.example.com", outputType = "CEF", sources = new[] { source } });
        var gzip = await Of(new { serverUrl = "https://siem.example.com", sources = new[] { source }, http = new { body = "ndjson", gzip = true } });
        var ofUser = await Of(new { serverUrl = "https://siem.example.com", sources = new[] { source }, filter = new { include = new { users = new[] { "user-00007" }, types = new[] { "LOGIN" } } } });
        var nobody = await Of(new { serverUrl = "https://siem.example.com", sources = new[] { source }, filter = new { include = new { categories = new[] { "iam" } } } });

        Assert.Equal((300, 300, "index"), (cef["events"]!.GetValue<int>(), gzip["events"]!.GetValue<int>(), (string)cef["method"]!));
        Assert.InRange(gzip["sentBytes"]!.GetValue<int>(), 1, gzip["bytes"]!.GetValue<int>() / 3);
        Assert.Equal(cef["bytes"]!.GetValue<int>() + 300, cef["sentBytes"]!.GetValue<int>());
        Assert.Equal((1, "log", true), (ofUser["events"]!.GetValue<int>(), (string)ofUser["method"]!, ofUser["isExact"]!.GetValue<bool>()));
        Assert.Equal((0, 300, 0), (nobody["events"]!.GetValue<int>(), nobody["storedEvents"]!.GetValue<int>(), nobody["types"]!.AsArray().Count));
    }

    [Fact]
    public async Task OfALargeLogASampleIsReadAndItSaysSo()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, NoIndex, "--Forwarder:Preview:MaxVolumeEvents=2000");
        var source = await SeededLog.AddSourceAsync(forwarder);
        for (var page = 0; page < 100; page++)
        {
            await AppendAsync(forwarder, source, page % 4 == 0 ? "LOGOUT" : "LOGIN", 100, DateTimeOffset.UtcNow.AddHours(-20).AddMinutes(page));
        }

        var volume = await forwarder.PostAsync("/api/v1/integrations/volume", new { integration = new { serverUrl = "tcp://siem.example.com", sources = new[] { source } } });

        Assert.Equal(("sample", false, 10_000, 2000, 10_000), (
            (string)volume["method"]!, volume["isExact"]!.GetValue<bool>(), volume["storedEvents"]!.GetValue<int>(), volume["readEvents"]!.GetValue<int>(), volume["events"]!.GetValue<int>()));
        var logins = volume["types"]!.AsArray().Single(type => (string)type!["type"]! == "LOGIN")!["events"]!.GetValue<int>();
        Assert.InRange(logins, 6500, 8500);
    }

    [Fact]
    public async Task NothingStoredIsNothingADayAndWhatIsWrongIsTold()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder);

        var none = await forwarder.PostAsync("/api/v1/integrations/volume", new { integration = new { serverUrl = "tcp://siem.example.com", sources = new[] { source } } });
        var wrong = await forwarder.SendAsync(HttpMethod.Post, "/api/v1/integrations/volume", new { integration = new { serverUrl = "nowhere" } });

        Assert.Equal((0, 0), (none["events"]!.GetValue<int>(), none["bytes"]!.GetValue<int>()));
        Assert.Null(none["firstEventAt"]);
        Assert.Equal(["integration.serverUrl"], wrong.Fields);
        Assert.Equal(HttpStatusCode.NotFound, (await forwarder.SendAsync(HttpMethod.Get, "/api/v1/integrations/4711/volume")).Status);
    }

    /// <summary>One page of events of a type, each a millisecond after the other and as long as the other.</summary>
    private static async Task AppendAsync(ForwarderApplication forwarder, int sourceId, string type, int count, DateTimeOffset first)
    {
        var events = Enumerable.Range(0, count).Select(number =>
        {
            var (id, time) = (Guid.NewGuid().ToString("D"), first.ToUnixTimeMilliseconds() + number);
            var body = Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","time":{{time}},"type":"{{type}}","realmId":"r","clientId":"app","ipAddress":"192.0.2.1","details":{"username":"user-{{number:D5}}"} }""");
            return new IncomingEvent(time, EventKey.FromId(Encoding.UTF8.GetBytes(id)), null, body);
        });
        Assert.IsType<AppendOutcome.Committed>(
            await forwarder.Services.GetRequiredService<EventLogWriter>().AppendAsync(new LogAppend(sourceId, EventStream.User, [.. events], null), Token));
    }

    private static async Task IndexedAsync(ForwarderApplication forwarder, string? setting)
    {
        if (setting is null)
        {
            await forwarder.WaitForAsync("/api/v1/events", node => node["indexLag"]!.GetValue<long>() == 0);
        }
    }
}
