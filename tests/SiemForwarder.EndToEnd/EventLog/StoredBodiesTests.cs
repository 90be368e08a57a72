using System.Text;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Events.Keycloak;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Polling;

namespace SiemForwarder.EndToEnd.EventLog;

/// <summary>Reading the log by the time of events, and recognizing by content what is stored under an id.</summary>
public sealed class StoredBodiesTests(TestPostgres postgres)
{
    private const long Now = 1_789_041_600_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhatIsStoredOfOneStreamIsReadByItsTime()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var (source, other) = (await bench.AddSourceAsync(), await bench.AddSourceAsync("other"));
        var writer = bench.NewWriter();
        await writer.AppendAsync(new LogAppend(source, EventStream.User, [Row(Now, 1), Row(Now + 5, 2), Row(Now + 10, 3)], null), Token);
        await writer.AppendAsync(new LogAppend(source, EventStream.Admin, [Row(Now + 5, 4)], null), Token);
        await writer.AppendAsync(new LogAppend(source, EventStream.User, [Row(Now + 6, 5)], null), Token);
        await writer.AppendAsync(new LogAppend(other, EventStream.User, [Row(Now + 5, 6)], null), Token);

        var read = await new StoredBodies(bench.Database).ReadAsync(source, EventStream.User, Now + 5, Now + 10, Token);

        Assert.Equal([Body(Now + 5, 2), Body(Now + 6, 5)], read!.Select(one => Encoding.UTF8.GetString(one.Body.Span)));
        Assert.Equal([Row(Now + 5, 2).Key, Row(Now + 6, 5).Key], read!.Select(one => one.Key));
    }

    [Fact]
    public async Task ARowWithoutItsIdIsTheEventThatIsStoredUnderIt()
    {
        await using var bench = await LogBench.CreateAsync(postgres);
        var source = await bench.AddSourceAsync();
        var writer = bench.NewWriter();
        await writer.AppendAsync(new LogAppend(source, EventStream.User, [Row(Now, 1), Row(Now, 2)], null), Token);
        var bodies = new StoredBodies(bench.Database);
        var hash = new KeycloakContentHash();
        var bare = Encoding.UTF8.GetBytes($$"""{"time":{{Now}},"type":"LOGIN"}""");
        List<IncomingEvent> page = [.. Enumerable.Range(0, 3).Select(i => new IncomingEvent(Now, hash.Compute(bare, i), null, bare))];

        Assert.True(await new FormerIds((fromMs, toMs, token) => bodies.ReadAsync(source, EventStream.User, fromMs, toMs, token))
            .TryRecognizeAsync(page, Now, Token));
        var outcome = await bench.NewWriter().AppendAsync(new LogAppend(source, EventStream.User, page, null), Token);

        // Two are stored under their ids; the third alike is new.
        Assert.Equal((1, 2), Assert.IsType<AppendOutcome.Committed>(outcome) is var committed ? (committed.Appended, committed.Duplicates) : default);
    }

    private static IncomingEvent Row(long timeMs, int number) =>
        new(timeMs, EventKey.FromId(Encoding.UTF8.GetBytes(Id(number))), null, Encoding.UTF8.GetBytes(Body(timeMs, number)));

    private static string Body(long timeMs, int number) => $$"""{"id":"{{Id(number)}}","time":{{timeMs}},"type":"LOGIN"}""";

    private static string Id(int number) => new Guid(number, 0, 0, new byte[8]).ToString();
}
