using System.Net;
using System.Text.RegularExpressions;
using SiemForwarder.EndToEnd.Access;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Console;

/// <summary>The session of a person who signed in by key, without a browser: what it is worth, and when it ends.</summary>
public sealed partial class KeySessionTests(TestPostgres postgres, RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
        + "connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ASessionIsTheCallerOfItsKeyAndChangesNothingWithoutTheHeaderThatOnlyOwnPagesSend()
    {
        var forwarder = await running.GetAsync();
        var key = await Caller.NewKeyAsync(forwarder, "siem-admin");
        using var browser = NewBrowser(forwarder);
        using var signedIn = await SignInAsync(browser, (string)key["key"]!);

        var me = await browser.GetStringAsync("/api/v1/me", Token);
        using var bare = await browser.PostAsync("/api/v1/engine-pools", Json("""{"name":"bare"}"""), Token);
        browser.DefaultRequestHeaders.Add("X-Siem-Csrf", "1");
        using var meant = await browser.PostAsync("/api/v1/engine-pools", Json("""{"name":"meant"}"""), Token);

        Assert.Equal(HttpStatusCode.Redirect, signedIn.StatusCode);
        Assert.Contains((string)key["id"]!, me, StringComparison.Ordinal);
        Assert.Contains("\"kind\":\"key\"", me, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Created), (bare.StatusCode, meant.StatusCode));
    }

    [Fact]
    public async Task ARotationWithoutOverlapEndsTheSessionAndOneWithOverlapDoesNot()
    {
        var forwarder = await running.GetAsync();
        var key = await Caller.NewKeyAsync(forwarder, "siem-viewer");
        using var browser = NewBrowser(forwarder);
        using var signedIn = await SignInAsync(browser, (string)key["key"]!);

        await forwarder.PostAsync($"/api/v1/keys/{key["id"]}/rotate", new { overlapSeconds = 3600 });
        using var overlapping = await browser.GetAsync("/api/v1/me", Token);
        await forwarder.PostAsync($"/api/v1/keys/{key["id"]}/rotate", new { overlapSeconds = 0 });
        using var over = await browser.GetAsync("/api/v1/me", Token);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (overlapping.StatusCode, over.StatusCode));
    }

    [Fact]
    public async Task ASessionEndsAfterAnHour()
    {
        var clock = new MovedClock();
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, clock);
        using var browser = NewBrowser(forwarder);
        using var signedIn = await SignInAsync(browser, AdminKey.Value);

        clock.Move(TimeSpan.FromMinutes(59));
        using var before = await browser.GetAsync("/api/v1/me", Token);
        clock.Move(TimeSpan.FromMinutes(2));
        using var after = await browser.GetAsync("/api/v1/me", Token);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (before.StatusCode, after.StatusCode));
    }

    [Theory]
    [InlineData("siemforwarder-key=CfDJ8AAAA")]
    [InlineData("siemforwarder-key=file%20abc%2099999999999")]
    [InlineData("siemforwarder-key=")]
    public async Task AForgedCookieIsWorthNothing(string cookie)
    {
        var forwarder = await running.GetAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = forwarder.Address };
        http.DefaultRequestHeaders.Add("Cookie", cookie);

        using var answer = await http.GetAsync("/api/v1/me", Token);
        using var page = await http.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/console/audit") { Headers = { { "Accept", "text/html" } } }, Token);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal((HttpStatusCode.Redirect, "/signin/key?returnUrl=%2Fconsole%2Faudit"), (page.StatusCode, page.Headers.Location!.OriginalString));
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example/")]
    public async Task SigningInLeadsBackToThisAddressAlone(string target)
    {
        var forwarder = await running.GetAsync();
        using var browser = NewBrowser(forwarder);

        using var signedIn = await SignInAsync(browser, AdminKey.Value, target);

        Assert.Equal((HttpStatusCode.Redirect, "/"), (signedIn.StatusCode, signedIn.Headers.Location!.OriginalString));
    }

    [Fact]
    public async Task APageConsistsOfFilesThatABrowserMayKeepAndNothingInline()
    {
        var forwarder = await running.GetAsync();
        using var browser = NewBrowser(forwarder);
        using var page = await browser.GetAsync("/signin/key?returnUrl=%22%3E%3Cscript%3E", Token);
        var html = await page.Content.ReadAsStringAsync(Token);
        var files = Files().Matches(html).Select(match => match.Groups["file"].Value).ToList();

        Assert.Equal(Policy, Assert.Single(page.Headers.GetValues("Content-Security-Policy")));
        Assert.DoesNotMatch("<style|<script>|\\son\\w+=", html);
        Assert.True(files.Count >= 5, string.Join(' ', files));
        foreach (var file in files)
        {
            using var answer = await browser.GetAsync($"/{file}", Token);
            Assert.Equal((HttpStatusCode.OK, "public, max-age=31536000, immutable"), (answer.StatusCode, answer.Headers.CacheControl?.ToString()));
        }
    }

    private static HttpClient NewBrowser(ForwarderApplication forwarder) =>
        new(new SocketsHttpHandler { CookieContainer = new CookieContainer(), AllowAutoRedirect = false }) { BaseAddress = forwarder.Address };

    private static async Task<HttpResponseMessage> SignInAsync(HttpClient browser, string key, string returnUrl = "/")
    {
        using var form = new FormUrlEncodedContent([new("key", key), new("returnUrl", returnUrl)]);
        return await browser.PostAsync("/signin/key", form, Token);
    }

    private static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");

    [GeneratedRegex("(?:src|href)=\"(?<file>console/files/[^\"]+)\"")]
    private static partial Regex Files();
}
