using System.Net;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>Whatever is wrong with a request: 400, the field by its name, and a sentence.</summary>
public sealed class BadInputTests(RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const string Integrations = "/api/v1/integrations";
    private const string Sources = "/api/v1/sources";

    [Theory]
    [InlineData("name", """{"name":null}""")]
    [InlineData("name", """{"name":"  "}""")]
    [InlineData("name", """{"name":"a\u0000b"}""")]
    [InlineData("name", """{"name":"a\nb"}""")]
    [InlineData("name", """{"name":17}""")]
    [InlineData("description", """{"description":"a\u0000b"}""")]
    [InlineData("enabled", """{"enabled":"yes"}""")]
    [InlineData("enginePool", """{"enginePool":"nowhere"}""")]
    [InlineData("preset", """{"preset":"no-such-siem"}""")]
    [InlineData("destination", """{"destination":"pigeon"}""")]
    [InlineData("destination", """{"destination":"webhook"}""")]
    [InlineData("serverUrl", """{"serverUrl":null}""")]
    [InlineData("serverUrl", """{"serverUrl":"siem.example.com"}""")]
    [InlineData("serverUrl", """{"serverUrl":"ftp://siem.example.com"}""")]
    [InlineData("serverUrl", """{"serverUrl":"tcp://user:pw@siem.example.com"}""")]
    [InlineData("serverUrl", """{"serverUrl":"tcp://siem.example.com/path"}""")]
    [InlineData("serverUrl", """{"serverUrl":"tcp://siem.example.com:99999"}""")]
    [InlineData("protocol", """{"protocol":"quic"}""")]
    [InlineData("protocol", """{"protocol":"udp"}""")]
    [InlineData("port", """{"port":0}""")]
    [InlineData("port", """{"port":65536}""")]
    [InlineData("port", """{"port":"514"}""")]
    [InlineData("port", """{"port":99999999999}""")]
    [InlineData("outputType", """{"outputType":"XML"}""")]
    [InlineData("outputType", """{"outputType":2}""")]
    [InlineData("schema", """{"schema":"ocsf-9"}""")]
    [InlineData("syslog.format", """{"syslog":{"format":"rfc9999"}}""")]
    [InlineData("syslog.framing", """{"syslog":{"framing":"crlf"}}""")]
    [InlineData("syslog.facility", """{"syslog":{"facility":24}}""")]
    [InlineData("syslog.appName", """{"syslog":{"appName":"two words"}}""")]
    [InlineData("syslog.hostname", """{"syslog":{"hostname":"zoë"}}""")]
    [InlineData("syslog.maxMessageBytes", """{"syslog":{"maxMessageBytes":10}}""")]
    [InlineData("syslog.invisibleCharacters", """{"syslog":{"invisibleCharacters":"hide"}}""")]
    [InlineData("syslog.enterpriseNumber", """{"syslog":{"enterpriseNumber":0}}""")]
    [InlineData("http.body", """{"http":{"body":"xml"}}""")]
    [InlineData("http.body", """{"serverUrl":"http://h/","outputType":"CEF","http":{"body":"array"}}""")]
    [InlineData("http.gzip", """{"http":{"gzip":"yes"}}""")]
    [InlineData("http.timeoutSeconds", """{"http":{"timeoutSeconds":0}}""")]
    [InlineData("authentication.type", """{"authentication":{"type":"kerberos"}}""")]
    [InlineData("authentication.type", """{"authentication":{"type":"bearer","token":"t"}}""")]
    [InlineData("authentication.username", """{"serverUrl":"http://h/","authentication":{"type":"basic","password":"p"}}""")]
    [InlineData("authentication.username", """{"serverUrl":"http://h/","authentication":{"type":"basic","username":"a:b","password":"p"}}""")]
    [InlineData("authentication.password", """{"serverUrl":"http://h/","authentication":{"type":"basic","username":"a"}}""")]
    [InlineData("authentication.header", """{"serverUrl":"http://h/","authentication":{"type":"header","header":"no colon"}}""")]
    [InlineData("authentication.header", """{"serverUrl":"http://h/","authentication":{"type":"header","header":"X-A: b\r\nX-C: d"}}""")]
    [InlineData("authentication.token", """{"serverUrl":"http://h/","authentication":{"type":"bearer"}}""")]
    [InlineData("tls", """{"tls":{"serverName":"h"}}""")]
    [InlineData("tls.caCertificate", """{"serverUrl":"tls://h","tls":{"caCertificate":"not pem"}}""")]
    [InlineData("tls.caCertificate", """{"serverUrl":"tls://h","tls":{"caCertificate":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}}""")]
    [InlineData("sources", """{"sources":[123456]}""")]
    [InlineData("sources[0]", """{"sources":["a"]}""")]
    [InlineData("filter.include.outcomes", """{"filter":{"include":{"outcomes":["maybe"]}}}""")]
    [InlineData("filter.exclude.minimumSeverity", """{"filter":{"exclude":{"minimumSeverity":11}}}""")]
    [InlineData("filter.include.types", """{"filter":{"include":{"types":[null]}}}""")]
    [InlineData("filter.exclude.users", """{"filter":{"exclude":{"users":[null]}}}""")]
    [InlineData("colour", """{"colour":"red"}""")]
    [InlineData("syslog.colour", """{"syslog":{"colour":"red"}}""")]
    public async Task AWrongFieldOfAnIntegrationIsNamed(string field, string change)
    {
        var body = JsonNode.Parse($$"""{"name":"bad-{{Guid.NewGuid():N}}","serverUrl":"tcp://siem.example.com"}""")!.AsObject();
        await AssertRefusedAsync(Integrations, Merged(body, change), field);
    }

    [Theory]
    [InlineData("name", """{"name":""}""")]
    [InlineData("name", """{"name":"a\u0000b"}""")]
    [InlineData("kind", """{"kind":"ldap"}""")]
    [InlineData("enabled", """{"enabled":1}""")]
    [InlineData("keycloak.baseUrl", """{"keycloak":{"baseUrl":"sso.example.com"}}""")]
    [InlineData("keycloak.baseUrl", """{"keycloak":{"baseUrl":"https://a:b@sso.example.com"}}""")]
    [InlineData("keycloak.baseUrl", """{"keycloak":{"baseUrl":"https://sso.example.com/admin/master/console"}}""")]
    [InlineData("keycloak.realm", """{"keycloak":{"realm":""}}""")]
    [InlineData("keycloak.clientId", """{"keycloak":{"clientId":null}}""")]
    [InlineData("keycloak.clientSecret", """{"keycloak":{"clientSecret":null}}""")]
    [InlineData("keycloak.streams", """{"keycloak":{"streams":["audit"]}}""")]
    [InlineData("keycloak.streams", """{"keycloak":{"streams":[]}}""")]
    [InlineData("keycloak.streams", """{"keycloak":{"streams":[null]}}""")]
    [InlineData("keycloak.pollIntervalSeconds", """{"keycloak":{"pollIntervalSeconds":0}}""")]
    [InlineData("keycloak.start", """{"keycloak":{"start":"yesterday"}}""")]
    [InlineData("keycloak.caCertificate", """{"keycloak":{"caCertificate":"not pem"}}""")]
    [InlineData("keycloak.proxy", """{"keycloak":{"proxy":"http://user:secret@proxy.example.com:3128"}}""")]
    [InlineData("keycloak.fingerprint", """{"keycloak":{"fingerprint":"AB:CD"}}""")]
    [InlineData("keycloak.colour", """{"keycloak":{"colour":"red"}}""")]
    public async Task AWrongFieldOfASourceIsNamed(string field, string change)
    {
        var body = JsonNode.Parse($$"""{"name":"bad-{{Guid.NewGuid():N}}","keycloak":{"baseUrl":"http://kc","realm":"r","clientId":"c","clientSecret":"s"} }""")!.AsObject();
        await AssertRefusedAsync(Sources, Merged(body, change), field);
    }

    [Theory]
    [InlineData($"{Integrations}?enabled=perhaps", "enabled")]
    [InlineData($"{Integrations}?page=0", "page")]
    [InlineData($"{Integrations}?pageSize=201", "pageSize")]
    [InlineData($"{Integrations}?page=one", "page")]
    [InlineData($"{Integrations}?search=%00", "search")]
    [InlineData($"{Sources}?page=-1", "page")]
    [InlineData($"{Sources}?search=a%00b", "search")]
    [InlineData("/api/v1/events?outcome=good", "outcome")]
    [InlineData("/api/v1/events?from=yesterday", "from")]
    [InlineData("/api/v1/events?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "to")]
    [InlineData("/api/v1/events?pageSize=501", "pageSize")]
    [InlineData("/api/v1/events?source=one", "source")]
    [InlineData("/api/v1/events?user=%00", "user")]
    [InlineData("/api/v1/events?type=%00*", "type")]
    public async Task AWrongPartOfAQueryIsNamed(string path, string field)
    {
        var forwarder = await running.GetAsync();

        var answer = await forwarder.SendAsync(HttpMethod.Get, path);

        AssertNames(answer, field);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"name":"x" "serverUrl":"tcp://h"}""")]
    [InlineData("""{"name":"\ud800","serverUrl":"tcp://h"}""")]
    public async Task WhatIsNoJsonObjectIsRefusedWithASentence(string body)
    {
        var forwarder = await running.GetAsync();

        var answer = await forwarder.SendAsync(HttpMethod.Post, Integrations, body);

        Assert.True(answer.Status == HttpStatusCode.BadRequest, $"{answer.Status}: {answer.Text}");
        Assert.EndsWith(".", answer.Json["detail"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AllFaultsOfARequestAreSaidAtOnce()
    {
        var forwarder = await running.GetAsync();

        var answer = await forwarder.SendAsync(
            HttpMethod.Post, Integrations, """{"serverUrl":"nowhere","port":0,"outputType":"XML","syslog":{"facility":99},"sources":[77777]}""");

        Assert.Equal(new[] { "name", "outputType", "port", "serverUrl", "sources", "syslog.facility" }, answer.Fields.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ATooLargeBodyIsRefusedAndAnotherMediaTypeToo()
    {
        var forwarder = await running.GetAsync();
        using var form = new FormUrlEncodedContent([new("name", "x")]);

        // Waits for leave to send the body, so that the answer is not lost in a connection that breaks under it.
        using var request = new HttpRequestMessage(HttpMethod.Post, Integrations)
        {
            Content = new StringContent($$"""{"name":"{{new string('x', 1_100_000)}}","serverUrl":"tcp://h"}""", System.Text.Encoding.UTF8, "application/json"),
            Headers = { ExpectContinue = true },
        };
        using var large = await forwarder.Api.SendAsync(request, TestContext.Current.CancellationToken);
        using var media = await forwarder.Api.PostAsync(Integrations, form, TestContext.Current.CancellationToken);
        var nowhere = await forwarder.SendAsync(HttpMethod.Get, "/api/v1/nowhere");
        var method = await forwarder.SendAsync(HttpMethod.Patch, Integrations, "{}");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        Assert.Contains("1 MiB", await large.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, media.StatusCode);
        Assert.Equal("application/problem+json", media.Content.Headers.ContentType!.MediaType);
        Assert.Equal((HttpStatusCode.NotFound, 404), (nowhere.Status, nowhere.Json["status"]!.GetValue<int>()));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, method.Status);
    }

    private async Task AssertRefusedAsync(string path, JsonObject body, string field)
    {
        var forwarder = await running.GetAsync();
        var before = (await forwarder.GetAsync(path))["total"]!.GetValue<int>();

        var answer = await forwarder.SendAsync(HttpMethod.Post, path, body.ToJsonString());

        AssertNames(answer, field);
        Assert.Equal(before, (await forwarder.GetAsync(path))["total"]!.GetValue<int>());
    }

    private static void AssertNames(ApiAnswer answer, string field)
    {
        Assert.True(answer.Status == HttpStatusCode.BadRequest, $"{answer.Status}: {answer.Text}");
        Assert.True(answer.Fields.Contains(field), answer.Text);
        Assert.True(answer.Fields.Count == 1, answer.Text);
        Assert.Matches(@"^\S.*\s.*\.$", answer.ErrorOf(field));
    }

    private static JsonObject Merged(JsonObject body, string change)
    {
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject())
        {
            if (value is JsonObject inner && body[name] is JsonObject known)
            {
                Merged(known, inner.ToJsonString());
            }
            else
            {
                body[name] = value?.DeepClone();
            }
        }

        return body;
    }
}
