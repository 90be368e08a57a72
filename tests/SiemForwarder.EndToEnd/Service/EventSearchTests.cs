using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Evidence;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Finding an event again, and being told what became of it.</summary>
public sealed class EventSearchTests(TestPostgres postgres)
{
    private static readonly DateTimeOffset Start = new(2026, 9, 10, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task EventsAreFoundByEveryCriterion()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var (first, second) = (await SeededLog.AddSourceAsync(forwarder, "first"), await SeededLog.AddSourceAsync(forwarder, "second"));
        string[] ids =
        [
            await AppendAsync(forwarder, first, 0, """ "type":"LOGIN","clientId":"crm","userId":"u-1","sessionId":"s-1","ipAddress":"192.0.2.1","details":{"username":"alice"} """),
            await AppendAsync(forwarder, first, 1, """ "type":"LOGIN_ERROR","error":"user_not_found","clientId":"crm","ipAddress":"192.0.2.2","details":{"username":"mal\r\nlory"} """),
            await AppendAsync(forwarder, first, 2, """ "type":"LOGOUT","clientId":"web%","userId":"u-2","sessionId":"s-1","ipAddress":"2001:db8::1" """),
            await AppendAsync(forwarder, second, 3, """ "type":"REFRESH_TOKEN","clientId":"crm","userId":"u-1","ipAddress":"192.0.2.1","details":{"username":"alice"} """),
        ];
        await forwarder.WaitForAsync("/api/v1/events", node => node["indexLag"]!.GetValue<long>() == 0);

        async Task<string> FindAsync(string query)
        {
            var found = await forwarder.GetAsync($"/api/v1/events?from=2026-09-10T08:00:00Z&{query}");
            return string.Concat(found["items"]!.AsArray().Select(item => Array.IndexOf(ids, item!["eventId"]!.GetValue<string>())));
        }

        Assert.Equal("3210", await FindAsync(""));
        Assert.Equal("32", await FindAsync("page=1&pageSize=2"));
        Assert.Equal("10", await FindAsync("page=2&pageSize=2"));
        Assert.Equal("10", await FindAsync("to=2026-09-10T08:00:02Z"));
        Assert.Equal("3", await FindAsync($"source={second}"));
        Assert.Equal("0", await FindAsync("type=LOGIN"));
        Assert.Equal("10", await FindAsync("type=LOGIN*"));
        Assert.Equal("210", await FindAsync("type=LOG*"));
        Assert.Equal("", await FindAsync("type=LOGI_*"));
        Assert.Equal("1", await FindAsync("outcome=Failure"));
        Assert.Equal("320", await FindAsync("outcome=success"));
        Assert.Equal("30", await FindAsync("user=alice"));
        Assert.Equal("30", await FindAsync("user=u-1"));
        Assert.Equal("310", await FindAsync("client=crm"));
        Assert.Equal("2", await FindAsync("client=web%25"));
        Assert.Equal("20", await FindAsync("session=s-1"));
        Assert.Equal("", await FindAsync("session=S-1"));
        Assert.Equal("2", await FindAsync("ip=2001:db8::1"));
        Assert.Equal("2", await FindAsync("ip=2001:DB8:0:0::1"));
        Assert.Equal("2", await FindAsync("ip=2001:db8::/32"));
        Assert.Equal("310", await FindAsync("ip=192.0.2.0/24"));
        Assert.Equal("30", await FindAsync("ip=192.0.2.1"));
        Assert.Equal("310", await FindAsync("ip=0.0.0.0/0"));
        Assert.Equal("", await FindAsync("ip=127.0.0.0/8"));
        Assert.Equal("30", await FindAsync("user=ALICE"));
        Assert.Equal("30", await FindAsync("user=U-1"));
        Assert.Equal("0", await FindAsync("user=u-1&type=LOGIN&client=crm&ip=192.0.2.1&category=authentication&outcome=success"));
        Assert.Equal("", await FindAsync("user=u-1&outcome=failure"));
        Assert.Equal("0", await FindAsync("category=Authentication&type=LOGIN"));
        var whole = await forwarder.GetAsync("/api/v1/events?from=2026-09-10T08:00:00Z&pageSize=1");
        Assert.Equal((4, true), (whole["total"]!.GetValue<int>(), whole["totalIsExact"]!.GetValue<bool>()));
    }

    [Theory]
    [InlineData("user")]
    [InlineData("client")]
    [InlineData("session")]
    [InlineData("ip")]
    public async Task ASearchForOneOfManyIsAnsweredByAnIndexOfTheDay(string criterion)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await AppendAsync(forwarder, await SeededLog.AddSourceAsync(forwarder), 0, """ "type":"LOGIN" """);
        await using var database = NpgsqlDataSource.Create(forwarder.ConnectionString);
        await using var connection = await database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var query = new EventCriteria { From = Start };
        query = criterion switch
        {
            "user" => query with { User = "alice" },
            "client" => query with { Client = "crm" },
            "session" => query with { Session = "s-1" },
            _ => query with { Ip = "192.0.2.1" },
        };
        var terms = SearchTerms.Read(query, new FieldErrors());
        var (where, parameters) = SearchSql.Where(query, terms, SearchSql.WindowOf(query, terms, Start.AddDays(1)));
        // With so few events a planner would read them all, or all of that time.
        await using (var plain = new NpgsqlCommand("SET enable_seqscan = off; SET enable_indexscan = off", connection))
        {
            await plain.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var condition = where.Replace("occurred_at >= $1", "$1::timestamptz IS NOT NULL", StringComparison.Ordinal);
        await using var command = new NpgsqlCommand($"EXPLAIN SELECT position FROM {LogTables.IndexedEvents} e WHERE {condition}", connection);
        command.Parameters.AddRange(SearchSql.Copies(parameters));
        var plan = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            plan.Add(reader.GetString(0));
        }

        Assert.Contains(plan, line => line.Contains("Index Cond", StringComparison.Ordinal) && line.Contains("hashtext", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AddressesAreFoundHoweverASourceWritesThem()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder);
        string[] written =
        [
            "127.0.0.1", "127.0.0.2:4711", "::ffff:127.0.0.3", "127.0.0.4, 10.0.0.1", "[2001:db8::5]:443", "2001:DB8:0:0:0:0:0:6", "::1", "fe80::1%eth0", "127.0.0.256", "unknown", "10.1.2.3",
            "[::ffff:127.0.0.11]:80", "1:2:3:4:5:6:7:8", "2001:db8::13:0:0:1", "a:b", "",
        ];
        for (var i = 0; i < written.Length; i++)
        {
            await AppendAsync(forwarder, source, i, $""" "type":"LOGIN","clientId":"crm","userId":"{i}","ipAddress":"{written[i]}" """);
        }

        await forwarder.WaitForAsync("/api/v1/events", node => node["indexLag"]!.GetValue<long>() == 0);

        async Task<IEnumerable<int>> FindAsync(string ip) =>
            (await forwarder.GetAsync($"/api/v1/events?from=2026-09-10T08:00:00Z&ip={Uri.EscapeDataString(ip)}"))["items"]!.AsArray()
                .Select(item => int.Parse(item!["userId"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture)).Order();

        Assert.Equal([0, 1, 2, 3, 11], await FindAsync("127.0.0.0/8"));
        Assert.Equal([0, 1, 2, 3, 11], await FindAsync("::ffff:127.0.0.0/104"));
        Assert.Equal([0, 1, 2], await FindAsync("127.0.0.1/30"));
        Assert.Equal([1], await FindAsync("127.0.0.2"));
        Assert.Equal([4, 5, 13], await FindAsync("2001:db8::/32"));
        Assert.Equal([6], await FindAsync("::1"));
        Assert.Equal([12], await FindAsync("1:2:3:4:5:6:7:8/128"));
        Assert.Equal([4, 5, 6, 12, 13], await FindAsync("::/0"));
        Assert.Equal([10], await FindAsync("10.0.0.0/8"));
    }

    [Fact]
    public async Task TheAnswerSaysWhereItLookedAndTheTimeOfReceiptCanBeAskedFor()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder);
        var before = DateTimeOffset.UtcNow.AddSeconds(-1);
        var id = await AppendAsync(forwarder, source, 0, """ "type":"LOGIN","clientId":"crm","ipAddress":"192.0.2.1" """);
        await forwarder.WaitForAsync("/api/v1/events", node => node["indexLag"]!.GetValue<long>() == 0);

        var usual = (await forwarder.GetAsync("/api/v1/events"))["window"]!;
        var byEvent = await forwarder.GetAsync("/api/v1/events?to=2026-09-10T10:00:00%2B01:00");
        var byReceipt = await forwarder.GetAsync($"/api/v1/events?time=Receipt&from={before:yyyy-MM-ddTHH:mm:ssZ}");
        var later = await forwarder.GetAsync($"/api/v1/events?time=receipt&from={DateTimeOffset.UtcNow.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}");

        Assert.Equal(("event", null), ((string?)usual["time"], usual["to"]));
        Assert.InRange(DateTimeOffset.UtcNow - usual["from"]!.GetValue<DateTimeOffset>(), TimeSpan.FromHours(23.9), TimeSpan.FromHours(24.1));
        Assert.Equal(id, (string?)Assert.Single(byEvent["items"]!.AsArray())!["eventId"]);
        Assert.Equal(Start.AddHours(1), byEvent["window"]!["to"]!.GetValue<DateTimeOffset>());
        Assert.Equal(Start.AddHours(1 - 24), byEvent["window"]!["from"]!.GetValue<DateTimeOffset>());
        Assert.Equal("receipt", (string?)byReceipt["window"]!["time"]);
        Assert.Equal(id, (string?)Assert.Single(byReceipt["items"]!.AsArray())!["eventId"]);
        Assert.Empty(later["items"]!.AsArray());
    }

    [Theory]
    [InlineData("category=login", "category", "authentication")]
    [InlineData("ip=10.0.0.0/33", "ip", "10.0.0.0/8")]
    [InlineData("ip=10.0.0", "ip", "2001:db8::/32")]
    [InlineData("ip=siem.example.com", "ip", "address or network")]
    [InlineData("ip=::ffff:10.0.0.1/90", "ip", "address or network")]
    [InlineData("time=stored", "time", "event, receipt")]
    public async Task AMistakeInASearchNamesTheFieldAndWhatIsKnown(string query, string field, string known)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);

        var answer = await forwarder.SendAsync(HttpMethod.Get, $"/api/v1/events?{query}");

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal([field], answer.Fields);
        Assert.Contains(known, answer.ErrorOf(field), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheJourneyTellsWhatBecameOfAnEventAtEveryIntegration()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        await using var refusing = HttpReceiver.Start(request =>
            Encoding.UTF8.GetString(request.Body).Contains("alice", StringComparison.Ordinal) ? new HttpReply(400, "unwanted") : new HttpReply(200));
        var (source, other) = (await SeededLog.AddSourceAsync(forwarder, "seen"), await SeededLog.AddSourceAsync(forwarder, "unseen"));
        await forwarder.AddIntegrationAsync(new { name = "takes", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON" });
        await forwarder.AddIntegrationAsync(new
        {
            name = "filters",
            serverUrl = $"tcp://127.0.0.1:{receiver.Port}",
            filter = new { include = new { types = new[] { "LOGIN_ERROR" } } },
        });
        await forwarder.AddIntegrationAsync(new { name = "refuses", serverUrl = $"http://127.0.0.1:{refusing.Port}/" });
        await forwarder.AddIntegrationAsync(new { name = "elsewhere", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", sources = new[] { other } });
        await forwarder.PostAsync("/api/v1/integrations", new { name = "disabled", serverUrl = $"tcp://127.0.0.1:{receiver.Port}" });

        var ids = await SeededLog.AppendAsync(forwarder, source, ["alice", "bob"]);
        await receiver.WaitForMessagesAsync(2, TestContext.Current.CancellationToken);
        var late = await forwarder.PostAsync("/api/v1/integrations", new { name = "late", serverUrl = $"tcp://127.0.0.1:{receiver.Port}" });
        var journey = await forwarder.WaitForAsync($"/api/v1/events/{ids[0]}", node =>
            node["integrations"]!.AsArray().Count(fate => fate!["state"]!.GetValue<string>() == "waiting") == 1);

        var fates = journey["integrations"]!.AsArray().ToDictionary(fate => fate!["name"]!.GetValue<string>(), fate => fate!);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["takes"] = "delivered", ["filters"] = "filtered out", ["refuses"] = "set aside", ["elsewhere"] = "not selected", ["disabled"] = "waiting", ["late"] = "before start",
            },
            fates.ToDictionary(pair => pair.Key, pair => pair.Value["state"]!.GetValue<string>()));
        Assert.Contains("400", fates["refuses"]["explanation"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("disabled", fates["disabled"]["explanation"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(2, fates["takes"]["delivery"]!["events"]!.GetValue<int>());
        Assert.Equal(1, journey["position"]!.GetValue<long>());
        Assert.Equal("seen", journey["sourceName"]!.GetValue<string>());
        Assert.Contains("alice", journey["asReceived"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(ids[0], journey["normalized"]!["event_id"]!.GetValue<string>());
        Assert.NotNull(late["id"]);
        var delivered = await forwarder.GetAsync($"/api/v1/events/{ids[1]}");
        Assert.Equal("delivered", delivered["integrations"]!.AsArray().Single(fate => fate!["name"]!.GetValue<string>() == "refuses")!["state"]!.GetValue<string>());
    }

    [Fact]
    public async Task AnUnknownEventIsNotFoundAndTheDeliveriesOfAnIntegrationArePaged()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        var source = await SeededLog.AddSourceAsync(forwarder);
        var integration = await forwarder.AddIntegrationAsync(new { name = "paged", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON" });
        for (var i = 0; i < 3; i++)
        {
            await SeededLog.AppendAsync(forwarder, source, [$"user-{i}"], 1_789_041_600_000 + i);
            await receiver.WaitForMessagesAsync(i + 1, TestContext.Current.CancellationToken);
        }

        await forwarder.WaitForAsync($"/api/v1/integrations/{integration}/status", node => node["backlog"]!.GetValue<long>() == 0);
        var newest = await forwarder.GetAsync($"/api/v1/integrations/{integration}/deliveries?pageSize=2");
        var oldest = await forwarder.GetAsync($"/api/v1/integrations/{integration}/deliveries?pageSize=2&page=2");
        var unknown = await forwarder.SendAsync(HttpMethod.Get, $"/api/v1/events/{Guid.NewGuid()}");
        var odd = await forwarder.SendAsync(HttpMethod.Get, "/api/v1/events/no%01id%2F..");

        Assert.Equal([3, 2], newest["items"]!.AsArray().Select(item => item!["lastPosition"]!.GetValue<long>()));
        Assert.Equal([1L], oldest["items"]!.AsArray().Select(item => item!["lastPosition"]!.GetValue<long>()));
        Assert.Equal((3, 2, 2), (oldest["total"]!.GetValue<int>(), oldest["page"]!.GetValue<int>(), oldest["pageSize"]!.GetValue<int>()));
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(receiver.Messages[0]));
        Assert.Equal(hash, oldest["items"]![0]!["sha256"]!.GetValue<string>());
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (unknown.Status, odd.Status));
    }

    private static async Task<string> AppendAsync(ForwarderApplication forwarder, int source, int second, string fields)
    {
        var (id, time) = (Guid.NewGuid().ToString("D"), Start.AddSeconds(second).ToUnixTimeMilliseconds());
        var body = Encoding.UTF8.GetBytes($"{{\"id\":\"{id}\",\"time\":{time},{fields}}}");
        var writer = forwarder.Services.GetRequiredService<EventLogWriter>();
        Assert.IsType<AppendOutcome.Committed>(await writer.AppendAsync(
            new LogAppend(source, EventStream.User, [new IncomingEvent(time, EventKey.FromId(Encoding.UTF8.GetBytes(id)), null, body)], null),
            TestContext.Current.CancellationToken));
        return id;
    }
}
