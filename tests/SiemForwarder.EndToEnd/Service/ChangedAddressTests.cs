using System.Net;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Somebody who may change settings, but does not know their secrets, points them at a host of his own.</summary>
public sealed class ChangedAddressTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const string Integrations = "/api/v1/integrations";
    private const string Sources = "/api/v1/sources";

    [Fact]
    public async Task ATestSendsNoTokenToAnotherHost()
    {
        var forwarder = await running.GetAsync();
        await using var own = HttpReceiver.Start(new HttpReply(200));
        await using var evil = HttpReceiver.Start(new HttpReply(200));
        object Request(int port, object authentication) => new { name = "stolen", serverUrl = $"http://127.0.0.1:{port}/", authentication };
        var created = await forwarder.SendAsync(HttpMethod.Post, Integrations, Request(own.Port, new { type = "bearer", token = "s3cr3t-token" }));
        var path = $"{Integrations}/{created.Json["id"]}";
        var moved = Request(evil.Port, new { type = "bearer" });

        var attack = await forwarder.SendAsync(HttpMethod.Put, path, moved, created.ETag);
        var preview = await forwarder.SendAsync(HttpMethod.Post, $"{path}/preview", new { integration = moved });
        var test = await forwarder.SendAsync(HttpMethod.Post, $"{path}/test");

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest, HttpStatusCode.OK), (attack.Status, preview.Status, test.Status));
        Assert.Equal("The address changed, so give the secret again; an empty string removes it.", attack.ErrorOf("authentication.token"));
        Assert.Equal(["integration.authentication.token"], preview.Fields);
        Assert.Empty(evil.Requests);
        Assert.Equal("Bearer s3cr3t-token", Assert.Single(own.Requests).FindHeader("Authorization"));
    }

    [Fact]
    public async Task ACheckSendsNoClientSecretToAnotherHost()
    {
        var forwarder = await running.GetAsync();
        await using var evil = HttpReceiver.Start(new HttpReply(200, """{"issuer":"http://evil"}"""));
        object Request(int port, string? clientSecret) =>
            new { name = "stolen", enabled = false, keycloak = new { baseUrl = $"http://127.0.0.1:{port}", realm = "r", clientId = "c", clientSecret } };
        var created = await forwarder.SendAsync(HttpMethod.Post, Sources, Request(9, "s3cr3t"));
        var path = $"{Sources}/{created.Json["id"]}";

        var attack = await forwarder.SendAsync(HttpMethod.Put, path, Request(evil.Port, null), created.ETag);
        await forwarder.SendAsync(HttpMethod.Post, $"{path}/check");

        Assert.Equal(HttpStatusCode.BadRequest, attack.Status);
        Assert.Equal("The address changed, so give the secret again.", attack.ErrorOf("keycloak.clientSecret"));
        Assert.Empty(evil.Requests);
    }
}
