using System.Net;
using System.Text.RegularExpressions;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>A browser as far as a login form needs one: redirects, and cookies, which on this machine go over http whatever they ask for.</summary>
internal sealed partial class Browser : IDisposable
{
    private const int Attempts = 5;

    public Browser(Uri address) => Client = new HttpClient(new Follower(Cookies)) { BaseAddress = address };

    /// <summary>The cookies by name, with what was said of each.</summary>
    public Dictionary<string, (string Value, string Attributes)> Cookies { get; } = [];

    public HttpClient Client { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Signs in by the realm's form; where that led in the end.</summary>
    public async Task<HttpResponseMessage> SignInAsync(string user, string returnUrl)
    {
        for (var attempt = 1; ; attempt++)
        {
            var landing = await SubmitAsync(user, returnUrl);
            if (attempt == Attempts || !await IsLateAsync(landing))
            {
                Assert.True(
                    Cookies.ContainsKey("siemforwarder"),
                    $"{user} is not signed in: {landing.StatusCode} of {landing.RequestMessage!.RequestUri}: {await landing.Content.ReadAsStringAsync(Token)}");
                return landing;
            }

            landing.Dispose();
        }
    }

    private async Task<HttpResponseMessage> SubmitAsync(string user, string returnUrl)
    {
        var form = await Client.GetAsync($"/signin?returnUrl={Uri.EscapeDataString(returnUrl)}", Token);
        if (form.RequestMessage!.RequestUri!.Authority == Client.BaseAddress!.Authority)
        {
            // The realm knows the person from the attempt before.
            return form;
        }

        var html = await form.Content.ReadAsStringAsync(Token);
        form.Dispose();
        var action = WebUtility.HtmlDecode(Action().Match(html).Groups["url"].Value);
        Assert.True(action.Length > 0, html);
        using var fields = new FormUrlEncodedContent([new("username", user), new("password", $"{user}-password"), new("credentialId", "")]);
        return await Client.PostAsync(action, fields, Token);
    }

    // A realm on a busy machine may answer later than the service waits; the answer says to try again.
    private static async Task<bool> IsLateAsync(HttpResponseMessage landing) =>
        landing.StatusCode == HttpStatusCode.Unauthorized
        && (await landing.Content.ReadAsStringAsync(Token)).Contains("Try again at /signin", StringComparison.Ordinal);

    public async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var answer = await Client.GetAsync(path, Token);
        return answer.StatusCode;
    }

    public void Dispose() => Client.Dispose();

    [GeneratedRegex("<form[^>]*id=\"kc-form-login\"[^>]*action=\"(?<url>[^\"]+)\"")]
    private static partial Regex Action();

    private sealed class Follower(Dictionary<string, (string Value, string Attributes)> cookies)
        : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await SendOnceAsync(request, cancellationToken);
            for (var hops = 0; (int)answer.StatusCode is >= 300 and < 400 && answer.Headers.Location is { } location && hops < 10; hops++)
            {
                var next = new HttpRequestMessage(HttpMethod.Get, new Uri(answer.RequestMessage!.RequestUri!, location));
                answer.Dispose();
                answer = await SendOnceAsync(next, cancellationToken);
            }

            return answer;
        }

        private async Task<HttpResponseMessage> SendOnceAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (cookies.Count > 0)
            {
                request.Headers.Add("Cookie", string.Join("; ", cookies.Select(cookie => $"{cookie.Key}={cookie.Value.Value}")));
            }

            var answer = await base.SendAsync(request, cancellationToken);
            foreach (var line in answer.Headers.TryGetValues("Set-Cookie", out var lines) ? lines : [])
            {
                var pair = line.Split(';')[0].Split('=', 2);
                if (pair[1].Length == 0 || line.Contains("Max-Age=0", StringComparison.OrdinalIgnoreCase) || line.Contains("1970", StringComparison.Ordinal))
                {
                    cookies.Remove(pair[0]);
                }
                else
                {
                    cookies[pair[0]] = (pair[1], line[line.IndexOf(pair[1], StringComparison.Ordinal)..]);
                }
            }

            return answer;
        }
    }
}
