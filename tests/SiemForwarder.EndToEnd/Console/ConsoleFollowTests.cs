using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Pages;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>A test of an integration is seen stage by stage as it happens, over the API and on its page.</summary>
public sealed class ConsoleFollowTests(RunningForwarder running, Chromium chromium) : IClassFixture<RunningForwarder>
{
    // Longer than a test of an integration takes, so that a receiver that is never let go fails the test and not the run.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("followed", "default")]
    [InlineData("followed elsewhere", "dmz")]
    public async Task EachStageIsALineAsSoonAsItEndsAndTheResultIsTheLast(string name, string pool)
    {
        var forwarder = await running.GetAsync();
        await using var far = pool == "default" ? null : await StartOfPoolAsync(forwarder, pool);
        using var open = new ManualResetEventSlim();
        await using var receiver = Held(open);
        var created = await forwarder.PostAsync("/api/v1/integrations", new { name, enginePool = pool, serverUrl = $"http://127.0.0.1:{receiver.Port}/in" });
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/integrations/{created["id"]}/test");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/x-ndjson"));

        using var response = await forwarder.Api.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        var stages = new List<string>();
        JsonNode line;
        do
        {
            line = JsonNode.Parse((await lines.ReadLineAsync(Token))!)!;
            stages.Add((string?)line["stage"]?["name"] ?? "");
            if (stages[^1] == "connection")
            {
                // The receiver answers only now: had the lines waited for the result, it would have failed.
                open.Set();
            }
        }
        while (line["result"] is null);

        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(["name resolution", "connection"], stages.Take(2));
        Assert.True((bool)line["result"]!["succeeded"]!, line.ToJsonString());
        Assert.Equal(5, line["result"]!["stages"]!.AsArray().Count);
        Assert.Null(await lines.ReadLineAsync(Token));
        var audit = await forwarder.GetAsync("/api/v1/audit?pageSize=50");
        Assert.Contains(audit["items"]!.AsArray(), one => (string)one!["action"]! == "integration.test" && (string)one["name"]! == name);
    }

    [Fact]
    public async Task ThePageShowsAStageBeforeTheNextHasEndedAndThenTheAdvice()
    {
        var forwarder = await running.GetAsync();
        using var open = new ManualResetEventSlim();
        await using var receiver = Held(open, new HttpReply(401, "who are you"));
        var created = await forwarder.PostAsync("/api/v1/integrations", new { name = "looked at", serverUrl = $"http://127.0.0.1:{receiver.Port}/in" });
        await using var visit = await ConsoleVisit.SignInAsync(chromium, forwarder, Token, $"console/integrations/{created["id"]}");

        await visit.Button("Test SIEM Integration").ClickAsync();
        await visit.Page.Locator("ol.stages li", new() { HasText = "connection" }).Locator(".badge.good").First.WaitForAsync();
        open.Set();
        await visit.Text("The test failed.").WaitForAsync();
        await visit.Page.Locator(".test ol.stages .advice").First.WaitForAsync();

        Assert.Equal(5, await visit.Page.Locator(".test ol.stages li").CountAsync());
        Assert.Empty(visit.Errors);
    }

    private static async Task<ForwarderApplication> StartOfPoolAsync(ForwarderApplication forwarder, string pool)
    {
        await forwarder.SendAsync(HttpMethod.Post, "/api/v1/engine-pools", new { name = pool });
        var engine = await ForwarderApplication.StartOnAsync(forwarder.ConnectionString, "--Forwarder:Engine:Name=far", $"--Forwarder:Engine:Pools:0={pool}");
        await forwarder.WaitForAsync("/api/v1/engines", node => node["items"]!.AsArray().Any(one => (string?)one!["name"] == "far"));
        return engine;
    }

    private static HttpReceiver Held(ManualResetEventSlim open, HttpReply? reply = null) => HttpReceiver.Start(_ =>
    {
        open.Wait(Bound, Token);
        return reply ?? new HttpReply(200, "ok");
    });
}
