using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Evidence;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>What a journey costs, and that it leaves out no integration.</summary>
public sealed class JourneyTests(TestPostgres postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AJourneyAsksTheDatabaseAsOftenForFiftyIntegrationsAsForThree()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = TcpSyslogReceiver.Start();
        await using var refusing = HttpReceiver.Start(new HttpReply(400, "unwanted"));
        var source = await SeededLog.AddSourceAsync(forwarder);
        for (var number = 0; number < 3; number++)
        {
            await AddAsync(forwarder, receiver, refusing, number);
        }

        var (few, first) = await TellAsync(forwarder, (await SeededLog.AppendAsync(forwarder, source, ["alice"]))[0], 3);
        for (var number = 3; number < 50; number++)
        {
            await AddAsync(forwarder, receiver, refusing, number);
        }

        var (many, second) = await TellAsync(forwarder, (await SeededLog.AppendAsync(forwarder, source, ["bob"], 1_789_041_700_000))[0], 50);

        Assert.Equal(3, first.Integrations.Count);
        Assert.Equal(50, second.Integrations.Count);
        Assert.Equal((17, 17, 16), (Count(second, "delivered"), Count(second, "set aside"), Count(second, "waiting")));
        Assert.All(second.Integrations, fate => Assert.Equal(fate.State == "delivered", fate.Delivery is not null));
        Assert.NotEmpty(few);
        Assert.Equal(few.Count, many.Count);
    }

    [Fact]
    public async Task MoreThanAThousandIntegrationsAreAllTold()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder);
        await forwarder.PostAsync("/api/v1/integrations", new { name = "copy", serverUrl = "tcp://127.0.0.1:9" });
        await SeededIntegrations.CopyAsync(forwarder, "copy", 1100);
        var ids = await SeededLog.AppendAsync(forwarder, source, ["alice"]);

        var journey = await forwarder.GetAsync($"/api/v1/events/{ids[0]}");

        Assert.Equal(1101, journey["integrations"]!.AsArray().Count);
    }

    // One takes the event, one refuses it, one waits because it is disabled.
    private static Task AddAsync(ForwarderApplication forwarder, TcpSyslogReceiver receiver, HttpReceiver refusing, int number) =>
        forwarder.PostAsync("/api/v1/integrations", new
        {
            name = $"branch {number:00}", enabled = number % 3 != 2,
            serverUrl = number % 3 == 1 ? $"http://127.0.0.1:{refusing.Port}/" : $"tcp://127.0.0.1:{receiver.Port}",
        });

    // The statements of one journey that is at its end, as the driver of the database reports them.
    private static async Task<(IReadOnlyCollection<string> Statements, EventJourney Journey)> TellAsync(ForwarderApplication forwarder, string id, int integrations)
    {
        await forwarder.WaitForAsync("/api/v1/events", node => (long)node["indexLag"]! == 0);
        await forwarder.WaitForAsync(
            $"/api/v1/events/{id}", node => node["integrations"]!.AsArray().Count(fate => (string)fate!["state"]! == "waiting") == integrations / 3);
        using var statements = CountedStatements.Start();
        var journeys = await forwarder.Services.GetRequiredService<EventJourneys>().FindAsync(id, Token);
        return (statements.All, Assert.Single(journeys));
    }

    private static int Count(EventJourney journey, string state) => journey.Integrations.Count(fate => fate.State == state);
}
