using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>What a web page of somebody else gets from an API that listens on loopback: nothing.</summary>
public sealed class ForeignPageTests(TestPostgres postgres, RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:8080")]
    [InlineData("localhost.evil.example")]
    [InlineData("127.0.0.1.evil.example")]
    [InlineData("192.0.2.1")]
    [InlineData("[2001:db8::1]")]
    [InlineData("0.0.0.0")]
    public async Task ANameThatIsMadeToLeadHereGetsNothing(string host)
    {
        var forwarder = await running.GetAsync();

        foreach (var path in (string[])["/api/v1/sources", "/openapi/v1.json", "/swagger/index.html", "/health/live", "/metrics", "/", "/nowhere"])
        {
            using var answer = await SendAsync(forwarder, HttpMethod.Get, path, ("Host", host));

            Assert.Equal(HttpStatusCode.MisdirectedRequest, answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            Assert.Contains("Forwarder:Access:AllowedHosts", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
            AssertHeaders(answer, path);
        }
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST:1")]
    [InlineData("127.0.0.1")]
    [InlineData("127.9.9.9:80")]
    [InlineData("[::1]:8080")]
    public async Task LoopbackIsAlwaysKnown(string host)
    {
        using var answer = await SendAsync(await running.GetAsync(), HttpMethod.Get, "/health/live", ("Host", host));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task ANameOfTheSettingIsKnown()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Access:AllowedHosts:0=siem.example.com");

        using var named = await SendAsync(forwarder, HttpMethod.Get, "/health/live", ("Host", "SIEM.example.com:8443"));
        using var other = await SendAsync(forwarder, HttpMethod.Get, "/health/live", ("Host", "example.com"));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.MisdirectedRequest), (named.StatusCode, other.StatusCode));
    }

    [Theory]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "")]
    [InlineData("Origin", "http://127.0.0.1:1")]
    [InlineData("Origin", "https://{own}")]
    [InlineData("Origin", "http://{own}.evil.example")]
    [InlineData("Origin", "http://evil@{own}")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Sec-Fetch-Site", "something-new")]
    public async Task NothingThatChangesAnythingIsDoneForAPageOfAnotherSite(string header, string value)
    {
        var forwarder = await running.GetAsync();
        value = value.Replace("{own}", forwarder.Api.BaseAddress!.Authority, StringComparison.Ordinal);
        var unsafeOnes = (await forwarder.GetAsync("/openapi/v1.json"))["paths"]!.AsObject()
            .SelectMany(path => path.Value!.AsObject().Select(operation => (Path: path.Key, Method: new HttpMethod(operation.Key.ToUpperInvariant()))))
            .Where(one => one.Method != HttpMethod.Get).ToList();
        Assert.True(unsafeOnes.Count > 15, $"{unsafeOnes.Count} operations");

        foreach (var (path, method) in unsafeOnes)
        {
            using var answer = await SendAsync(forwarder, method, Regex.Replace(path, @"\{\w+\}", "1"), (header, value));

            Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{method} {path}: {answer.StatusCode}");
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        }
    }

    [Fact]
    public async Task APageCannotDisableAnIntegration()
    {
        var forwarder = await running.GetAsync();
        var id = await forwarder.AddIntegrationAsync(new { name = "not yours", serverUrl = "tcp://127.0.0.1:9" });

        using var attack = await SendAsync(forwarder, HttpMethod.Post, $"/api/v1/integrations/{id}/disable", ("Origin", "http://evil.example"));
        var after = await forwarder.GetAsync($"/api/v1/integrations/{id}");
        using var own = await SendAsync(
            forwarder, HttpMethod.Post, $"/api/v1/integrations/{id}/disable",
            ("Origin", $"http://{forwarder.Api.BaseAddress!.Authority}"), ("Sec-Fetch-Site", "same-origin"));

        Assert.Equal(HttpStatusCode.Forbidden, attack.StatusCode);
        Assert.True(after["enabled"]!.GetValue<bool>());
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
    }

    [Fact]
    public async Task AForeignPageMayFollowALinkAndReadsNothing()
    {
        using var answer = await SendAsync(
            await running.GetAsync(), HttpMethod.Get, "/api/v1/integrations", ("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site"));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("/api/v1/integrations", HttpStatusCode.OK)]
    [InlineData("/api/v1/integrations/999", HttpStatusCode.NotFound)]
    [InlineData("/api/v1/integrations?page=x", HttpStatusCode.BadRequest)]
    [InlineData("/nowhere", HttpStatusCode.NotFound)]
    [InlineData("/metrics", HttpStatusCode.OK)]
    [InlineData("/swagger/index.html", HttpStatusCode.OK)]
    [InlineData("/swagger/swagger-ui-bundle.js", HttpStatusCode.OK)]
    public async Task EveryAnswerTellsTheBrowserToTrustItWithNothing(string path, HttpStatusCode status)
    {
        using var answer = await SendAsync(await running.GetAsync(), HttpMethod.Get, path);

        Assert.Equal(status, answer.StatusCode);
        AssertHeaders(answer, path);
    }

    [Fact]
    public async Task SwaggerUiIsMadeOfFilesAlone()
    {
        var forwarder = await running.GetAsync();
        using var page = await SendAsync(forwarder, HttpMethod.Get, "/swagger/index.html");
        var html = await page.Content.ReadAsStringAsync(Token);

        // What its policy allows: scripts and style sheets of this server, nothing inline, no evaluated text.
        var scripts = Regex.Matches(html, "<script(?<attributes>[^>]*)>(?<inline>[^<]*)</script>");
        Assert.NotEmpty(scripts);
        Assert.All(scripts, script => Assert.Equal("", script.Groups["inline"].Value.Trim()));
        Assert.DoesNotMatch(@"\son\w+\s*=", html);
        foreach (Match link in Regex.Matches(html, "(?:src|href)=\"(?<file>[^\"]+)\""))
        {
            using var file = await SendAsync(forwarder, HttpMethod.Get, new Uri(new Uri("http://localhost/swagger/index.html"), link.Groups["file"].Value).AbsolutePath);
            Assert.DoesNotContain("//", link.Groups["file"].Value, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, file.StatusCode);
        }
    }

    private static void AssertHeaders(HttpResponseMessage answer, string path)
    {
        string One(string name) => Assert.Single(answer.Headers.TryGetValues(name, out var values) ? values : []);
        var isSwagger = path.StartsWith("/swagger", StringComparison.Ordinal);
        Assert.Equal("nosniff", One("X-Content-Type-Options"));
        Assert.Equal("no-referrer", One("Referrer-Policy"));
        Assert.Equal("DENY", One("X-Frame-Options"));
        Assert.Equal("same-origin", One("Cross-Origin-Resource-Policy"));
        Assert.StartsWith("default-src 'none'; ", One("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.EndsWith("frame-ancestors 'none'", One("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe-eval", One("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Equal(!isSwagger, answer.Headers.CacheControl?.NoStore == true);
    }

    private static async Task<HttpResponseMessage> SendAsync(
        ForwarderApplication forwarder, HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        return await forwarder.Api.SendAsync(request, Token);
    }
}
