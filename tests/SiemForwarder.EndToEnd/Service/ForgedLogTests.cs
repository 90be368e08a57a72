using System.Net;
using System.Text.Json;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Simulator;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>A server that answers with line breaks and escape sequences writes no line of its own into the log.</summary>
public sealed class ForgedLogTests
{
    private const string Forged = "refused\r\n2026-01-01T00:00:00.000+00:00 FTL the log was forged\u001b[2J\u009b\u2028\u202e";

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task AHostileServerForgesNoLineOfTheLog()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), bound.Token);
        keycloak.Faults.Always = path => path.EndsWith("/token", StringComparison.Ordinal)
            ? new SimulatedFault.Answer(401, "application/json", JsonSerializer.Serialize(new { error = "invalid_request", error_description = Forged }))
            : null;
        await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder());
        await forwarder.StartAsync(bound.Token);
        object Request(string realm, string clientId) =>
            new { name = "hostile", keycloak = new { baseUrl = keycloak.BaseUrl.ToString(), realm, clientId, clientSecret = "s", pollIntervalSeconds = 1 } };

        using var realm = await forwarder.Api.PostAsync("/api/v1/sources", Json(Request(Forged, "c")), bound.Token);
        using var client = await forwarder.Api.PostAsync("/api/v1/sources", Json(Request("siem-demo", Forged)), bound.Token);
        var source = await forwarder.PostAsync("/api/v1/sources", Request("siem-demo", "siem-forwarder"), bound.Token);
        var status = await forwarder.WaitForAsync(
            $"/api/v1/sources/{source["id"]}/status", node => node.ToJsonString().Contains("the log was forged", StringComparison.Ordinal), bound.Token);
        var check = await forwarder.PostAsync($"/api/v1/sources/{source["id"]}/check", null, bound.Token);
        await forwarder.StopAsync(bound.Token);

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (realm.StatusCode, client.StatusCode));
        Assert.Contains("the log was forged", forwarder.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(forwarder.Output.Split('\n'), line => line.StartsWith("2026-01-01T00:00:00.000", StringComparison.Ordinal));
        Assert.All(["\u001b", "\u009b", "\u2028", "\u202e", "\\u001B", "\\u202E"], sign =>
        {
            Assert.DoesNotContain(sign, forwarder.Output, StringComparison.Ordinal);
            Assert.DoesNotContain(sign, status.ToJsonString() + check.ToJsonString(), StringComparison.OrdinalIgnoreCase);
        });
    }

    [Fact]
    public async Task AChangeIsOneLineOfTheLogAndNeitherAReadNorARefusalIs()
    {
        Assert.SkipWhen(PostgresPrograms.FindFolder() is null, "no PostgreSQL programs on this machine");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        await using var forwarder = new ForwarderProcess(ForwarderProcess.NewFolder());
        await forwarder.StartAsync(bound.Token);

        using var made = await forwarder.Api.PostAsync("/api/v1/engine-pools", Json(new { name = "dmz" }), bound.Token);
        using var refused = await forwarder.Api.PostAsync("/api/v1/sources", Json(new { name = "x\r\n2026-01-01T00:00:00.000+00:00 FTL forged" }), bound.Token);
        await forwarder.WaitForAsync("/api/v1/engine-pools", _ => true, bound.Token);
        await forwarder.StopAsync(bound.Token);

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.BadRequest), (made.StatusCode, refused.StatusCode));
        Assert.Single(forwarder.Output.Split('\n'), line => line.Contains(" answered ", StringComparison.Ordinal));
        Assert.Matches(@" INF POST /api/v1/engine-pools answered 201 in \d+ ms\.", forwarder.Output);
    }

    private static StringContent Json(object body) => new(JsonSerializer.Serialize(body), System.Text.Encoding.UTF8, "application/json");
}
