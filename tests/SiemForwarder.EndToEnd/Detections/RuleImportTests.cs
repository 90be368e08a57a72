using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Detections;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.EndToEnd.Detections;

/// <summary>Rules and lists leave and come back as one file.</summary>
public sealed class RuleImportTests(TestPostgres postgres)
{
    private const string Base = """
        title: Refused
        name: own_refused
        logsource: {product: application}
        detection: {selection: {type: account.refused}, condition: selection}
        level: informational
        """;

    private const string Many = """
        title: Many refused
        correlation: {type: event_count, rules: [own_refused], group-by: [ip], timespan: 5m, condition: {gte: 3}}
        level: high
        """;

    private const string Domains = """
        title: Known domain
        logsource: {product: application}
        detection: {selection: {domain|expand: '%own_domains%'}, condition: selection}
        level: low
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhatIsExportedIsImportedElsewhereAsItWas()
    {
        byte[] archive;
        await using (var first = await ForwarderApplication.StartAsync(postgres))
        {
            await first.SendAsync(HttpMethod.Put, "/api/v1/rule-lists/own_domains", new { values = new[] { "example.com" } }, "*");
            await first.PostAsync("/api/v1/rules", new { name = "base", yaml = Base });
            await first.PostAsync("/api/v1/rules", new { name = "many", yaml = Many, enabled = true });
            await first.PostAsync("/api/v1/rules", new { name = "domains", yaml = Domains });
            archive = await first.Api.GetByteArrayAsync("/api/v1/rules/export", Token);
        }

        await using var second = await ForwarderApplication.StartAsync(postgres);
        var (status, told) = await ImportAsync(second, archive);

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(["base", "domains", "many"], Names(told, "created").Order(StringComparer.Ordinal));
        Assert.Equal("All", told["outcome"]!.ToString());
        Assert.Empty(told["refused"]!.AsArray());
        Assert.InRange(Names(told, "unchanged").Count, 40, 100);
        Assert.Equal(["own_domains"], Names(told, "lists"));
        var many = await second.GetAsync("/api/v1/rules/many");
        Assert.Equal((Many, "Off"), (many["yaml"]!.ToString(), many["state"]!.ToString()));
        Assert.Equal(["base", "domains", "many"], Names((await ImportAsync(second, archive)).Told, "unchanged").Where(name => !char.IsAsciiDigit(name[0])));
    }

    [Fact]
    public async Task OneFaultKeepsEverythingOutUnlessWhatIsGoodIsAskedForAndOwnFilesAreReplacedOnlyOnWish()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await forwarder.PostAsync("/api/v1/rules", new { name = "base", yaml = Base });
        var archive = Zip(
            ("rules/base.yml", Base.Replace("Refused", "Refused again", StringComparison.Ordinal)), ("rules/wrong.yml", "title: Wrong"),
            ("rules/08-brute-force-address.yml", Base), ("rules/windows/proc_creation_win_Whoami.yml", Many), ("lists/own_domains.txt", "example.com"));

        var (status, told) = await ImportAsync(forwarder, archive);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal(("Nothing", 3), (told["outcome"]!.ToString(), told["refused"]!.AsArray().Count));
        Assert.All((string[])["created", "replaced", "lists"], what => Assert.Empty(Names(told, what)));
        Assert.Equal(404, (int)(await forwarder.SendAsync(HttpMethod.Get, "/api/v1/rules/proc_creation_win_whoami")).Status);
        Assert.Equal(404, (int)(await forwarder.SendAsync(HttpMethod.Get, "/api/v1/rule-lists/own_domains")).Status);

        (status, told) = await ImportAsync(forwarder, archive, "?partial=true");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(("Good", "own_domains"), (told["outcome"]!.ToString(), Assert.Single(Names(told, "lists"))));
        Assert.Equal(["proc_creation_win_whoami"], Names(told, "created"));
        Assert.Equal(
            ["rules/08-brute-force-address.yml", "rules/base.yml", "rules/wrong.yml"],
            told["refused"]!.AsArray().Select(one => one!["path"]!.ToString()).Order(StringComparer.Ordinal));

        (_, told) = await ImportAsync(forwarder, archive, "?replace=true&partial=true");
        Assert.Equal(["base"], Names(told, "replaced"));
        Assert.Contains("Refused again", (await forwarder.GetAsync("/api/v1/rules/base"))["yaml"]!.ToString(), StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.BadRequest, (await ImportAsync(forwarder, Zip(("../x.yml", Base)))).Status);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await ImportAsync(forwarder, new byte[(8 * 1024 * 1024) + 1])).Status);
    }

    [Fact]
    public async Task WhenSomebodyElseIsFasterNothingOfAnImportIsStored()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var table = forwarder.Services.GetRequiredService<RuleTable>();
        StoredRule Rule(string name, int version) => new(name, false, false, Base.Replace("own_refused", name, StringComparison.Ordinal), null, null, version, null);

        Assert.Equal(ChangeResult.Done, await table.SaveAsync(Rule("two", 0), Token));

        // The last of them was changed since it was read.
        var result = await table.SaveAllAsync([Rule("one", 0), Rule("two", 7)], [new StoredList("own_domains", ["example.com"], 0, null)], "test", Token);

        Assert.Equal(ChangeResult.Stale, result);
        Assert.Equal(404, (int)(await forwarder.SendAsync(HttpMethod.Get, "/api/v1/rules/one")).Status);
        Assert.Equal(404, (int)(await forwarder.SendAsync(HttpMethod.Get, "/api/v1/rule-lists/own_domains")).Status);
        Assert.Equal(ChangeResult.Done, await table.SaveAllAsync([Rule("one", 0), Rule("two", 1)], [], "test", Token));
        Assert.Equal("Off", (await forwarder.GetAsync("/api/v1/rules/one"))["state"]!.ToString());
    }

    private static async Task<(HttpStatusCode Status, JsonNode Told)> ImportAsync(ForwarderApplication forwarder, byte[] archive, string query = "")
    {
        using var content = new ByteArrayContent(archive);
        content.Headers.ContentType = new("application/zip");
        using var response = await forwarder.Api.PostAsync($"/api/v1/rules/import{query}", content, Token);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!);
    }

    private static List<string> Names(JsonNode told, string what) => [.. told[what]!.AsArray().Select(name => name!.ToString())];

    private static byte[] Zip(params (string Path, string Text)[] files)
    {
        using var bytes = new MemoryStream();
        using (var archive = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (path, text) in files)
            {
                using var entry = archive.CreateEntry(path).Open();
                entry.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return bytes.ToArray();
    }
}
