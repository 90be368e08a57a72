using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>The settings that only one kind of destination has travel from the API to the wire, their secrets unseen.</summary>
public sealed class OwnSettingsTests(TestPostgres postgres)
{
    [Fact]
    public async Task ATokenInTheSettingsReachesSplunkAndNoAnswerOfTheApi()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var splunk = HttpReceiver.Start(new HttpReply(200, """{"text":"Success","code":0}"""));
        var source = await SeededLog.AddSourceAsync(forwarder);
        object Request(object settings) => new { name = "splunk", destination = "splunk_hec", serverUrl = $"http://127.0.0.1:{splunk.Port}", enabled = true, settings };
        var id = await forwarder.AddIntegrationAsync(Request(new { token = "hec-token-1", index = "security" }));

        var ids = await SeededLog.AppendAsync(forwarder, source, ["zoë"]);

        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["status"]!.GetValue<string>() == "Success");
        var request = splunk.Requests[^1];
        Assert.Equal("Splunk hec-token-1", request.FindHeader("Authorization"));
        var envelope = JsonNode.Parse(Encoding.UTF8.GetString(request.PlainBody))!;
        Assert.Equal("security", envelope["index"]!.GetValue<string>());
        Assert.Equal(ids[0], envelope["event"]!["event_id"]!.GetValue<string>());
        var shown = await forwarder.GetAsync($"/api/v1/integrations/{id}");
        Assert.True(shown["settings"]!["tokenSet"]!.GetValue<bool>());
        Assert.Equal("security", shown["settings"]!["index"]!.GetValue<string>());
        Assert.DoesNotContain("hec-token-1", shown.ToJsonString(), StringComparison.Ordinal);

        // A secret that is left out stays as it is.
        await forwarder.PutAsync($"/api/v1/integrations/{id}", Request(new { index = "other" }));
        await SeededLog.AppendAsync(forwarder, source, ["bob"], 1_789_041_700_000);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["backlog"]!.GetValue<long>() == 0);
        Assert.Equal("Splunk hec-token-1", splunk.Requests[^1].FindHeader("Authorization"));
    }

    [Fact]
    public async Task AWrongOwnSettingIsRefusedByItsName()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);

        var splunk = await forwarder.SendAsync(
            HttpMethod.Post, "/api/v1/integrations", """{"name":"a","destination":"splunk_hec","serverUrl":"https://s:8088","settings":{"token":"t","endpoint":"nonsense"}}""");
        var plain = await forwarder.SendAsync(
            HttpMethod.Post, "/api/v1/integrations", """{"name":"a","serverUrl":"tcp://s","settings":{"token":"t"}}""");

        Assert.Equal(["settings.endpoint"], splunk.Fields);
        Assert.Equal(["settings.token"], plain.Fields);
    }
}
