using System.Text;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>What was set aside can be repaired: sent again, or given up with a reason.</summary>
public sealed class RedriveTests(TestPostgres postgres)
{
    [Fact]
    public async Task ASetAsideEventIsSentAgainWithItsBytesOnceTheDestinationTakesIt()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var mended = false;
        await using var receiver = HttpReceiver.Start(request =>
            !Volatile.Read(ref mended) && Encoding.UTF8.GetString(request.PlainBody).Contains("poison", StringComparison.Ordinal) ? new HttpReply(400) : new HttpReply(200));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "repaired", serverUrl = $"http://127.0.0.1:{receiver.Port}/" });
        var ids = await SeededLog.AppendAsync(forwarder, source, ["alice", "poison", "bob"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["backlog"]!.GetValue<long>() == 0);
        var aside = (await forwarder.GetAsync($"/api/v1/integrations/{id}/set-aside"))["items"]![0]!;
        Assert.Equal(EventNormalizer.MappingVersion, aside["mappingVersion"]!.GetValue<int>());
        Volatile.Write(ref mended, true);

        var asked = await forwarder.PostAsync($"/api/v1/integrations/{id}/set-aside/redrive", new { reason = "400" });

        Assert.Equal(1, asked["events"]!.GetValue<int>());
        var list = await forwarder.WaitForAsync($"/api/v1/integrations/{id}/set-aside", node => node["items"]![0]!["state"]!.GetValue<string>() == "delivered");
        Assert.Equal(aside["text"]!.GetValue<string>(), Encoding.UTF8.GetString(receiver.Requests[^1].PlainBody));
        Assert.Equal(0, (await forwarder.GetAsync($"/api/v1/integrations/{id}/status"))["setAside"]!.GetValue<long>());
        var journey = await forwarder.GetAsync($"/api/v1/events/{ids[1]}");
        Assert.Equal("delivered", journey["integrations"]![0]!["state"]!.GetValue<string>());
        Assert.NotNull(list["items"]![0]!["decidedAt"]);
    }

    [Fact]
    public async Task AnEventThatIsRefusedAgainStaysSetAsideAndSaysSo()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = HttpReceiver.Start(_ => new HttpReply(422, "never"));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "refusing", serverUrl = $"http://127.0.0.1:{receiver.Port}/" });
        await SeededLog.AppendAsync(forwarder, source, ["alice"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["setAside"]!.GetValue<long>() == 1);

        await forwarder.PostAsync($"/api/v1/integrations/{id}/set-aside/redrive", new { renderAgain = true });

        var list = await forwarder.WaitForAsync($"/api/v1/integrations/{id}/set-aside", node => node["items"]![0]!["note"] is not null);
        Assert.Equal("open", list["items"]![0]!["state"]!.GetValue<string>());
        Assert.Contains("Refused again", list["items"]![0]!["note"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DiscardingAsksWhyAndKeepsTheAnswer()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var receiver = HttpReceiver.Start(_ => new HttpReply(400));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new { name = "given up", serverUrl = $"http://127.0.0.1:{receiver.Port}/" });
        var ids = await SeededLog.AppendAsync(forwarder, source, ["alice"]);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["setAside"]!.GetValue<long>() == 1);

        var mute = await forwarder.SendAsync(HttpMethod.Post, $"/api/v1/integrations/{id}/set-aside/discard", "{}");
        Assert.Equal(["because"], mute.Fields);
        var done = await forwarder.PostAsync($"/api/v1/integrations/{id}/set-aside/discard", new { because = "a test user" });

        Assert.Equal(1, done["events"]!.GetValue<int>());
        var journey = await forwarder.GetAsync($"/api/v1/events/{ids[0]}");
        Assert.Equal("discarded", journey["integrations"]![0]!["state"]!.GetValue<string>());
        Assert.Contains("a test user", journey["integrations"]![0]!["explanation"]!.GetValue<string>(), StringComparison.Ordinal);
    }
}
