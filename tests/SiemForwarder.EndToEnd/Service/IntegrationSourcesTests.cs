using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Where an integration begins with a source that is added to it.</summary>
public sealed class IntegrationSourcesTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnAddedSourceBeginsWithWhatIsStoredFromThenOn(bool byTakingAll)
    {
        await using var bench = await StartAsync();
        var (forwarder, receiver, first, second, path) = bench;
        var before = await SeededLog.AppendAsync(forwarder, second, ["old-1", "old-2"]);

        await forwarder.PutAsync(path, bench.Request(byTakingAll ? [] : [first, second]));
        await SeededLog.AppendAsync(forwarder, second, ["new-1"], 1_789_041_700_000);

        await receiver.WaitForMessagesAsync(2, Token);
        await SeededLog.AppendAsync(forwarder, first, ["end"], 1_789_041_800_000);
        await receiver.WaitForMessagesAsync(3, Token);
        Assert.Equal(["begin", "new-1", "end"], bench.Users());
        var journey = await forwarder.GetAsync($"/api/v1/events/{before[0]}");
        Assert.Equal("before start", (string)journey["integrations"]![0]!["state"]!);
        Assert.Equal(0L, await bench.ScalarAsync("SELECT count(*) FROM gap"));
    }

    [Fact]
    public async Task AnAddedSourceBringsWhatIsStoredWhereItIsAskedForAndNoFalseLoss()
    {
        await using var bench = await StartAsync();
        var (forwarder, receiver, first, second, path) = bench;
        await SeededLog.AppendAsync(forwarder, second, ["dropped"]);
        await SeededLog.AppendAsync(forwarder, second, ["old"], 1_789_041_650_000);
        // As retention does: what it dropped was never owed to the integration.
        await bench.ScalarAsync($"DELETE FROM segment WHERE source_id = {second} AND last_position = 1");

        await forwarder.PutAsync(path, bench.Request([first, second], "everything"));

        await receiver.WaitForMessagesAsync(2, Token);
        await forwarder.WaitForAsync($"{path}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal(["begin", "old"], bench.Users());
        Assert.Equal(0L, await bench.ScalarAsync("SELECT count(*) FROM gap"));
    }

    [Fact]
    public async Task ASourceThatIsTakenAwayAndAddedAgainGoesOnWhereItStoppedOnlyWhereItIsAskedFor()
    {
        await using var bench = await StartAsync();
        var (forwarder, receiver, first, second, path) = bench;
        await forwarder.PutAsync(path, bench.Request([second]));
        var missed = await SeededLog.AppendAsync(forwarder, first, ["between"], 1_789_041_700_000);

        await forwarder.PutAsync(path, bench.Request([first, second], "everything"));
        // With the last event, which told that the integration was narrowed.
        await receiver.WaitForMessagesAsync(3, Token);
        await forwarder.WaitForAsync($"{path}/status", node => node["backlog"]!.GetValue<long>() == 0);

        Assert.Equal(["begin", "between"], bench.Users());
        await forwarder.PutAsync(path, bench.Request([second]));
        await SeededLog.AppendAsync(forwarder, first, ["passed over"], 1_789_041_800_000);
        await forwarder.PutAsync(path, bench.Request([first, second]));
        await SeededLog.AppendAsync(forwarder, first, ["last"], 1_789_041_900_000);
        await receiver.WaitForMessagesAsync(5, Token);
        Assert.Equal(["begin", "between", "last"], bench.Users());
        var journey = await forwarder.GetAsync($"/api/v1/events/{missed[0]}");
        Assert.Equal("delivered", (string)journey["integrations"]![0]!["state"]!);
    }

    [Fact]
    public async Task OnlyAChangeSaysWhereAddedSourcesBegin()
    {
        await using var bench = await StartAsync();

        var created = await bench.Forwarder.SendAsync(HttpMethod.Post, "/api/v1/integrations", new { name = "n", serverUrl = "tcp://127.0.0.1:9", startOfNewSources = "now" });
        var odd = await bench.Forwarder.SendAsync(HttpMethod.Put, bench.Path, bench.Request([], "later"), "*");

        Assert.Equal((HttpStatusCode.BadRequest, "startOfNewSources"), (created.Status, created.Fields.Single()));
        Assert.Equal((HttpStatusCode.BadRequest, "startOfNewSources"), (odd.Status, odd.Fields.Single()));
    }

    private async Task<Bench> StartAsync()
    {
        var forwarder = await ForwarderApplication.StartAsync(postgres);
        var receiver = TcpSyslogReceiver.Start();
        var (first, second) = (await SeededLog.AddSourceAsync(forwarder, "first"), await SeededLog.AddSourceAsync(forwarder, "second"));
        var bench = new Bench(forwarder, receiver, first, second);
        await forwarder.AddIntegrationAsync(bench.Request([first]));
        await SeededLog.AppendAsync(forwarder, first, ["begin"]);
        await receiver.WaitForMessagesAsync(1, Token);
        await forwarder.WaitForAsync($"{bench.Path}/status", node => node["backlog"]!.GetValue<long>() == 0);
        return bench;
    }

    /// <summary>A forwarder with two sources and an integration that takes the first.</summary>
    private sealed class Bench(ForwarderApplication forwarder, TcpSyslogReceiver receiver, int first, int second) : IAsyncDisposable
    {
        public ForwarderApplication Forwarder => forwarder;

        public string Path => "/api/v1/integrations/1";

        public void Deconstruct(out ForwarderApplication application, out TcpSyslogReceiver siem, out int one, out int other, out string path) =>
            (application, siem, one, other, path) = (forwarder, receiver, first, second, Path);

        public object Request(int[] sources, string? startOfNewSources = null) =>
            new { name = "siem", serverUrl = $"tcp://127.0.0.1:{receiver.Port}", outputType = "JSON", sources, startOfNewSources };

        public IEnumerable<string> Users() => receiver.Messages.Select(message => JsonNode.Parse(message)!)
            .Where(message => (string?)message["event_type"] != "CONFIGURATION_CHANGED").Select(message => (string)message["subject"]!);

        public async Task<object?> ScalarAsync(string sql)
        {
            await using var database = NpgsqlDataSource.Create(forwarder.ConnectionString);
            await using var command = database.CreateCommand(sql);
            return await command.ExecuteScalarAsync(Token);
        }

        public async ValueTask DisposeAsync()
        {
            await forwarder.DisposeAsync();
            await receiver.DisposeAsync();
        }
    }
}
