using Npgsql;
using SiemForwarder.EndToEnd.Inbox;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>The history of the flow: all engines write it together, and it ends after eight days.</summary>
public sealed class FlowHistoryTests(TestPostgres postgres)
{
    private const string Often = "--Forwarder:Operations:GaugeInterval=00:00:01";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TwoEnginesCountTogetherAndWhatIsOlderThanEightDaysIsDropped()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var first = await ForwarderApplication.StartOnAsync(database, Often, "--Forwarder:Engine:Name=first");
        await using var second = await ForwarderApplication.StartOnAsync(database, Often, "--Forwarder:Engine:Name=second");
        await using var store = NpgsqlDataSource.Create(database);
        await using (var old = store.CreateCommand("INSERT INTO flow_minute SELECT now() - d * interval '1 day', 'appended', 7, 0, 0 FROM unnest(ARRAY[2, 9]) d"))
        {
            await old.ExecuteNonQueryAsync(Token);
        }

        var pusher = await Pusher.CreateAsync(first);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, (await pusher.PushAsync(Pusher.Event("a"), Token)).Status);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, (await new Pusher(second.Api, pusher.SourceId).PushAsync(Pusher.Event("b"), Token)).Status);

        await first.WaitForAsync("/api/v1/history?range=hour", node => Appended(node) == 2);
        await first.WaitForAsync("/api/v1/history?range=week", node => Appended(node) == 9);
        await using var count = store.CreateCommand("SELECT count(*) FROM flow_minute WHERE minute < now() - interval '8 days'");
        Assert.Equal(0L, await count.ExecuteScalarAsync(Token));
    }

    [Theory]
    [InlineData("/api/v1/history?range=year", "range")]
    [InlineData("/api/v1/flow?top=0", "top")]
    public async Task WhatIsNotARangeIsRefusedAtItsField(string path, string field)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);

        var answer = await forwarder.SendAsync(HttpMethod.Get, path);

        Assert.Equal(System.Net.HttpStatusCode.BadRequest, answer.Status);
        Assert.NotNull(answer.Json["errors"]![field]);
    }

    private static long Appended(System.Text.Json.Nodes.JsonNode history) => history["points"]!.AsArray().Sum(point => (long?)point!["appended"] ?? 0);
}
