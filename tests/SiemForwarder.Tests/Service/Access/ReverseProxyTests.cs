using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using SiemForwarder.Service;

namespace SiemForwarder.Tests.Service.Access;

/// <summary>Behind a proxy that serves the API below a path, by another name and with TLS, everything leads where the caller can go.</summary>
public sealed class ReverseProxyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/siem/")]
    [InlineData("/")]
    public async Task APathOfTheProxysStandsBeforeEveryRedirectWhetherItIsTakenOffOrNot(string path)
    {
        await using var app = await StartAsync("--Forwarder:Access:PathBase=/siem");

        using var answer = await app.GetAsync(path, ("Accept", "text/html"));

        Assert.Equal((HttpStatusCode.Redirect, "/siem/signin/key?returnUrl=%2F"), (answer.StatusCode, answer.Headers.Location!.OriginalString));
    }

    [Fact]
    public async Task TheDescriptionNamesTheAddressThatTheCallerUses()
    {
        await using var app = await StartAsync(
            "--Forwarder:Access:PathBase=/siem", "--Forwarder:Access:TrustedProxies:0=127.0.0.0/8", "--Forwarder:Access:AllowedHosts:0=siem.example.com");

        using var answer = await app.GetAsync("/siem/openapi/v1.json", ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "siem.example.com"));
        var servers = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!["servers"]!.AsArray();

        Assert.Equal("https://siem.example.com/siem", ((string)Assert.Single(servers)!["url"]!).TrimEnd('/'));
    }

    [Fact]
    public async Task ThePathThatATrustedProxyTellsCounts()
    {
        await using var app = await StartAsync("--Forwarder:Access:TrustedProxies:0=127.0.0.1");

        using var answer = await app.GetAsync("/", ("X-Forwarded-Prefix", "/events"), ("Accept", "text/html"));

        Assert.Equal("/events/signin/key?returnUrl=%2F", answer.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task WhatAnybodyElseForwardsCountsForNothing()
    {
        await using var app = await StartAsync("--Forwarder:Access:TrustedProxies:0=192.0.2.1");

        using var answer = await app.GetAsync(
            "/", ("X-Forwarded-Prefix", "/events"), ("X-Forwarded-Host", "evil.example.com"), ("Accept", "text/html"));

        Assert.Equal("/signin/key?returnUrl=%2F", answer.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task SwaggerFindsTheDescriptionBelowThePath()
    {
        await using var app = await StartAsync("--Forwarder:Access:PathBase=/siem");

        using var page = await app.GetAsync("/siem/swagger/index.html");
        using var script = await app.GetAsync("/siem/swagger/index.js");

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Contains("\"../openapi/v1.json\"", await script.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatACreationAnswersLeadsBelowThePath()
    {
        await using var app = await StartAsync("--Forwarder:Access:PathBase=/siem");

        using var answer = await app.GetAsync("/siem/health/created");

        Assert.Equal("/siem/api/v1/sources/1", answer.Headers.Location!.OriginalString);
    }

    private static Task<Served> StartAsync(params string[] settings) => Served.StartAsync(settings);

    /// <summary>The front of the service: everything that answers without a database.</summary>
    private sealed class Served(WebApplication app, HttpClient client) : IAsyncDisposable
    {
        public static async Task<Served> StartAsync(string[] settings)
        {
            var app = ForwarderHost.Build(
                ["--urls=http://127.0.0.1:0", "--Serilog:MinimumLevel:Default=Error", .. settings], "Host=none", builder => builder.Services.RemoveAll<IHostedService>());
            app.MapGet("/health/created", () => TypedResults.Created("/api/v1/sources/1")).AllowAnonymous();
            await app.StartAsync(Token);
            var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
            return new Served(app, new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(address) });
        }

        public Task<HttpResponseMessage> GetAsync(string path, params ReadOnlySpan<(string Name, string Value)> headers)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, path);
            foreach (var (name, value) in headers)
            {
                request.Headers.Add(name, value);
            }

            return client.SendAsync(request, Token);
        }

        public async ValueTask DisposeAsync()
        {
            client.Dispose();
            await app.DisposeAsync();
        }
    }
}
