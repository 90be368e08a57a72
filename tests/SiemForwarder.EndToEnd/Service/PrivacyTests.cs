using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>What an integration must not show its SIEM leaves by no way.</summary>
public sealed class PrivacyTests(TestPostgres postgres, RunningForwarder running) : IClassFixture<RunningForwarder>
{
    private const string Key = "a key of sixteen or more";
    private const string Name = "zoë.o'hara+q@example.com";
    private const string UserId = "9c1d6f0e-2f3b-4c57-9a1e-7d1f2a3b4c5d";
    private const string Address = "203.0.113.77";
    private const string Session = "0a6d2c7b-8e9f-4b1a-a2c3-d4e5f6a7b8c9";
    private const string Phone = "+49-170-5550147";

    private static readonly object[] Rules =
    [
        new { field = "subject", action = "hash" }, new { field = "subject_id", action = "mask" }, new { field = "requestor", action = "hash" },
        new { field = "ip_address", action = "truncate-ip" }, new { field = "session_id", action = "drop" }, new { field = "context.phone", action = "drop" },
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("JSON", "native")]
    [InlineData("JSON", "ocsf")]
    [InlineData("CEF", null)]
    [InlineData("LEEF", null)]
    [InlineData("Syslog", null)]
    public async Task AHiddenValueIsInNoByteThatAReceiverGets(string outputType, string? schema)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var mended = false;
        await using var receiver = HttpReceiver.Start(_ => new HttpReply(Volatile.Read(ref mended) ? 200 : 400));
        var source = await SeededLog.AddSourceAsync(forwarder);
        var id = await forwarder.AddIntegrationAsync(new
        {
            name = "private", serverUrl = $"http://127.0.0.1:{receiver.Port}/", outputType, schema, includeRepresentation = true, privacy = Rules, privacyKey = Key, privacyKeyId = "k-2026",
        });

        // Set aside, and sent again with today's mapping.
        await AppendAsync(forwarder, source, 0);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["setAside"]!.GetValue<long>() == 2);
        Volatile.Write(ref mended, true);
        await forwarder.PostAsync($"/api/v1/integrations/{id}/set-aside/redrive", new { renderAgain = true });
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["setAside"]!.GetValue<long>() == 0);
        var redriven = receiver.Requests.Count;
        // Live.
        await AppendAsync(forwarder, source, 2);
        await receiver.WaitForRequestsAsync(redriven + 2, Token);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["backlog"]!.GetValue<long>() == 0);
        // Replayed.
        var replay = await forwarder.PostAsync($"/api/v1/integrations/{id}/replays", new { everything = true });
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/replays/{replay["id"]}", node => (string?)node["state"] == "done");
        await forwarder.PostAsync($"/api/v1/integrations/{id}/test");
        var shown = await forwarder.PostAsync($"/api/v1/integrations/{id}/preview", new { recent = 4 });

        Assert.Equal(redriven + 7, receiver.Requests.Count);
        Assert.All(receiver.Requests, request => AssertHidden(request.Head + Encoding.UTF8.GetString(request.PlainBody)));
        AssertHidden(shown.ToJsonString());
        Assert.All(shown["messages"]!.AsArray(), message => AssertHidden(string.Concat(message!["fields"]!.AsArray().Select(field => (string)field!["value"]! + "\n"))));
        var hash = $"hmac:k-2026:{Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Key), Encoding.UTF8.GetBytes(Name)))}";
        Assert.Equal(redriven + 6, receiver.Requests.Count(request => Encoding.UTF8.GetString(request.PlainBody).Contains(hash, StringComparison.Ordinal)));
        Assert.Contains(receiver.Requests, request => Encoding.UTF8.GetString(request.PlainBody).Contains("203.0.113.0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ADestinationThatAddsFieldsOfItsOwnAddsHiddenOnes()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var source = await SeededLog.AddSourceAsync(forwarder);
        await AppendAsync(forwarder, source, 0);
        foreach (var preset in (await forwarder.GetAsync("/api/v1/presets"))["items"]!.AsArray().Where(preset => (string)preset!["id"]! != "file"))
        {
            var integration = (JsonObject)preset!["example"]!.DeepClone();
            integration["privacy"] = JsonSerializer.SerializeToNode(Rules);
            (integration["privacyKey"], integration["privacyKeyId"], integration["includeRepresentation"]) = (Key, "k1", true);

            var shown = await forwarder.PostAsync("/api/v1/integrations/preview", new JsonObject { ["integration"] = integration, ["recent"] = 2 });

            Assert.Equal(2, shown["messages"]!.AsArray().Count);
            AssertHidden(shown.ToJsonString());
            AssertHidden(string.Concat(shown["units"]!.AsArray().Select(unit => (string)unit!["body"]!)));
        }
    }

    [Fact]
    public async Task WhatWasSetAsideBeforeARuleIsHiddenOnlyWhereItIsWrittenAnew()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var mended = false;
        await using var receiver = HttpReceiver.Start(_ => new HttpReply(Volatile.Read(ref mended) ? 200 : 400));
        var source = await SeededLog.AddSourceAsync(forwarder);
        // Not the forwarder's own word that something was set aside, which would come in between.
        var request = new { name = "later", serverUrl = $"http://127.0.0.1:{receiver.Port}/", sources = new[] { source } };
        var id = await forwarder.AddIntegrationAsync(request);
        await AppendAsync(forwarder, source, 0);
        await forwarder.WaitForAsync($"/api/v1/integrations/{id}/status", node => node["setAside"]!.GetValue<long>() == 2);
        await forwarder.PutAsync($"/api/v1/integrations/{id}", new { request.name, request.serverUrl, request.sources, enabled = true, privacy = Rules, privacyKey = Key, privacyKeyId = "k1" });
        Volatile.Write(ref mended, true);
        var aside = (await forwarder.GetAsync($"/api/v1/integrations/{id}/set-aside"))["items"]!.AsArray().Select(item => item!["id"]!.GetValue<long>()).ToList();
        // What is sent may be sent twice, but not after it counts as delivered.
        var seen = receiver.Requests.Count;
        foreach (var (one, renderAgain) in new[] { (aside[0], true), (aside[1], false) })
        {
            await forwarder.PostAsync($"/api/v1/integrations/{id}/set-aside/redrive", new { ids = new[] { one }, renderAgain });
            await forwarder.WaitForAsync(
                $"/api/v1/integrations/{id}/set-aside", node => (string?)node["items"]!.AsArray().Single(item => item!["id"]!.GetValue<long>() == one)!["state"] == "delivered");
            string[] sent = [.. receiver.Requests.Skip(seen).Select(sending => Encoding.UTF8.GetString(sending.PlainBody))];
            seen += sent.Length;
            Assert.NotEmpty(sent);
            Assert.All(sent, body => Assert.Equal(!renderAgain, body.Contains(UserId, StringComparison.Ordinal)));
            Assert.All(sent.Where(_ => renderAgain), AssertHidden);
        }
    }

    [Fact]
    public async Task RulesAreReadBackAndTheKeyIsNever()
    {
        var forwarder = await running.GetAsync();
        var created = await forwarder.PostAsync("/api/v1/integrations", new { name = "shown rules", serverUrl = "tcp://siem.example.com", privacy = Rules, privacyKey = Key, privacyKeyId = "k1" });
        var path = $"/api/v1/integrations/{created["id"]}";

        var read = await forwarder.GetAsync(path);
        Assert.Equal(JsonSerializer.SerializeToNode(Rules)!.ToJsonString(), read["privacy"]!.ToJsonString());
        Assert.Equal(("k1", true), ((string)read["privacyKeyId"]!, read["privacyKeySet"]!.GetValue<bool>()));
        Assert.All([created, read, await forwarder.GetAsync("/api/v1/integrations?search=shown")], answer => Assert.DoesNotContain(Key, answer.ToJsonString(), StringComparison.Ordinal));

        // The key stays, and the rules go where they are left out.
        var kept = await forwarder.PutAsync(path, new { name = "shown rules", serverUrl = "tcp://siem.example.com", privacy = Rules, privacyKeyId = "k1" });
        Assert.True(kept["privacyKeySet"]!.GetValue<bool>());
        var none = await forwarder.PutAsync(path, new { name = "shown rules", serverUrl = "tcp://siem.example.com" });
        Assert.Empty(none["privacy"]!.AsArray());
    }

    [Theory]
    [InlineData("""{"privacy":[{"field":"password","action":"drop"}]}""", "privacy[0].field")]
    [InlineData("""{"privacy":[{"field":"subject"}]}""", "privacy[0].action")]
    [InlineData("""{"privacy":[{"field":"subject","action":"scramble"}]}""", "privacy[0].action")]
    [InlineData("""{"privacy":[{"field":"subject","action":"truncate-ip"}]}""", "privacy[0].action")]
    [InlineData("""{"privacy":[{"field":"location","action":"mask"}]}""", "privacy[0].action")]
    [InlineData("""{"privacy":[{"field":"subject","action":"mask"},{"field":"subject","action":"drop"}]}""", "privacy")]
    [InlineData("""{"privacy":[null]}""", "privacy[0].field")]
    [InlineData("""{"privacy":[{"field":"subject","action":"hash"}]}""", "privacyKey")]
    [InlineData("""{"privacy":[{"field":"subject","action":"hash"}],"privacyKey":"0123456789abcdef"}""", "privacyKey")]
    [InlineData("""{"privacyKey":"too short","privacyKeyId":"k"}""", "privacyKey")]
    [InlineData("""{"privacyKey":"0123456789abcdef","privacyKeyId":"a b"}""", "privacyKeyId")]
    [InlineData("""{"outputType":"JSON","schema":"raw","privacy":[{"field":"subject","action":"mask"}]}""", "schema")]
    [InlineData("""{"schema":"raw","privacy":[{"field":"subject","action":"mask"}]}""", "schema")]
    public async Task ARuleThatIsWrongIsRefused(string rules, string field)
    {
        var body = JsonNode.Parse(rules)!;
        (body["name"], body["serverUrl"]) = ("refused", "tcp://siem.example.com");

        var answer = await (await running.GetAsync()).SendAsync(HttpMethod.Post, "/api/v1/integrations", body.ToJsonString());

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains(field, answer.Fields);
        Assert.EndsWith(".", answer.ErrorOf(field), StringComparison.Ordinal);
    }

    /// <summary>A login and an act of an administrator that hold the values in many places.</summary>
    private static async Task AppendAsync(ForwarderApplication forwarder, int sourceId, int number)
    {
        var (name, escaped) = (JsonSerializer.Serialize(Name), Uri.EscapeDataString(Name));
        var time = 1_789_041_600_000 + (number * 1000);
        var login = $$$"""
            {"id":"{{{Guid.NewGuid():D}}}","time":{{{time}}},"type":"LOGIN","realmId":"r","clientId":"app","userId":"{{{UserId}}}","sessionId":"{{{Session}}}","ipAddress":"{{{Address}}}",
            "details":{"username":{{{name}}},"redirect_uri":"https://app.example.com/u/{{{escaped}}}?s={{{Session}}}","forwarded":"for={{{Address}}};by=192.0.2.1","phone":"{{{Phone}}}",
            "note":"call {{{Phone}}}","code_id":"{{{Session}}}"}}
            """;
        var representation = JsonSerializer.Serialize($$"""{"id":"{{UserId}}","username":{{name}},"attributes":{"login":[{{name}}],"phone":["{{Phone}}"]} }""");
        var admin = $$$"""
            {"id":"{{{Guid.NewGuid():D}}}","time":{{{time + 1}}},"realmId":"r","authDetails":{"realmId":"master","clientId":"c","userId":"{{{UserId}}}","ipAddress":"{{{Address}}}"},
            "operationType":"UPDATE","resourceType":"USER","resourcePath":"users/{{{UserId}}}","representation":{{{representation}}},"details":{"username":{{{name}}},"phone":"{{{Phone}}}"}}
            """;
        var writer = forwarder.Services.GetRequiredService<EventLogWriter>();
        foreach (var (stream, json, at) in new[] { (EventStream.User, login, time), (EventStream.Admin, admin, time + 1) })
        {
            var bytes = Encoding.UTF8.GetBytes(json);
            await writer.AppendAsync(new LogAppend(sourceId, stream, [new IncomingEvent(at, EventKey.FromHash(bytes), null, bytes)], null), Token);
        }
    }

    private static void AssertHidden(string text)
    {
        foreach (var value in new[] { Name, UserId, Address, Session, Phone })
        {
            foreach (var form in new[] { value, Uri.EscapeDataString(value), JsonEncodedText.Encode(value).ToString(), JsonEncodedText.Encode(JsonEncodedText.Encode(value).ToString()).ToString(), Convert.ToBase64String(Encoding.UTF8.GetBytes(value)) })
            {
                Assert.DoesNotContain(form, text, StringComparison.OrdinalIgnoreCase);
            }
        }
    }
}
