using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Operations;
using SiemForwarder.Simulator;

namespace SiemForwarder.EndToEnd.Service;

/// <summary>One realm is read by one source, unless it is meant otherwise.</summary>
public sealed class RealmTwinTests(TestPostgres postgres)
{
    private const string Path = "/api/v1/sources";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ASecondSourceOfOneRealmIsRefusedHoweverItsAddressIsWritten()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), Token);
        var url = keycloak.BaseUrl.ToString().TrimEnd('/');
        Assert.Equal(HttpStatusCode.Created, (await CreateAsync(forwarder, "first", url, keycloak.Realm.Name)).Status);

        foreach (var other in (string[])[url, $"{url}/auth", url.ToUpperInvariant().Replace("HTTP", "http", StringComparison.Ordinal), $"http://localhost:{keycloak.BaseUrl.Port}"])
        {
            var refused = await CreateAsync(forwarder, $"copy of {other}", other, keycloak.Realm.Name, enabled: false);
            Assert.Equal((HttpStatusCode.Conflict, "keycloak.allowDuplicate"), (refused.Status, refused.Fields.Single()));
            Assert.Contains("'first'", (string)refused.Json["detail"]!, StringComparison.Ordinal);
        }

        var meant = await CreateAsync(forwarder, "meant", url, keycloak.Realm.Name, enabled: false, allowDuplicate: true);
        Assert.Equal((HttpStatusCode.Created, true), (meant.Status, (bool)meant.Json["keycloak"]!["allowDuplicate"]!));
        var moved = await CreateAsync(forwarder, "moved", "http://127.0.0.1:9", keycloak.Realm.Name, enabled: false);
        var back = await forwarder.SendAsync(HttpMethod.Put, $"{Path}/{moved.Json["id"]}", Request("moved", url, keycloak.Realm.Name, false, false), moved.ETag);
        Assert.Equal(HttpStatusCode.Conflict, back.Status);
        var renamed = await forwarder.SendAsync(HttpMethod.Put, $"{Path}/{meant.Json["id"]}", Request("renamed", url, keycloak.Realm.Name, false, true), meant.ETag);
        Assert.Equal(HttpStatusCode.OK, renamed.Status);
    }

    [Fact]
    public async Task AServerThatIsNotThereYetIsComparedByItsAddress()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);

        Assert.Equal(HttpStatusCode.Created, (await CreateAsync(forwarder, "first", "http://127.0.0.1:9/auth", "acme", enabled: false)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await CreateAsync(forwarder, "second", "https://127.0.0.1:9/", "acme", enabled: false)).Status);
        Assert.Equal(HttpStatusCode.Created, (await CreateAsync(forwarder, "third", "http://127.0.0.1:9", "other", enabled: false)).Status);
    }

    [Fact]
    public async Task WhatIsFoundOutWhenTheServerIsFirstReadIsAnAlarmAndAWarning()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Operations:Interval=1.00:00:00");
        await using var keycloak = await KeycloakSimulator.StartAsync(new SimulatorOptions(), Token);
        var url = keycloak.BaseUrl.ToString().TrimEnd('/');
        await CreateAsync(forwarder, "first", url, keycloak.Realm.Name);
        var second = await CreateAsync(forwarder, "second", $"http://localhost:{keycloak.BaseUrl.Port}", keycloak.Realm.Name, allowDuplicate: true);
        var id = (int)second.Json["id"]!;

        // As if the server had not answered when it was saved.
        await ExecuteAsync(forwarder, $"DELETE FROM realm_identity WHERE source_id = {id}");
        await ExecuteAsync(forwarder, $$"""UPDATE source SET definition = jsonb_set(definition, '{keycloak,allowDuplicate}', 'false'), version = version + 1 WHERE id = {{id}}""");
        await WaitForIdentityAsync(forwarder, id);
        await forwarder.Services.GetRequiredService<OperationsService>().LookInTurnAsync(Token);

        var alarm = Assert.Single((await forwarder.GetAsync("/api/v1/alarms"))["items"]!.AsArray(), one => (string)one!["kind"]! == "REALM_READ_TWICE");
        Assert.Equal(($"source:{id}", "second"), ((string)alarm!["subject"]!, (string)alarm["name"]!));
        Assert.Contains("'first'", (string)alarm["message"]!, StringComparison.Ordinal);
        var check = await forwarder.PostAsync($"{Path}/{id}/check");
        Assert.Contains(check["items"]!.AsArray(), item => (string)item!["name"]! == "same realm" && (string)item["result"]! == "warning");
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("a/b")]
    [InlineData("../master")]
    [InlineData("a\\b")]
    public async Task ANameThatLeadsToAnotherPathIsNoRealm(string realm)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);

        var answer = await CreateAsync(forwarder, "odd", "http://127.0.0.1:9", realm);

        Assert.Equal((HttpStatusCode.BadRequest, "keycloak.realm"), (answer.Status, answer.Fields.Single()));
    }

    private static Task<ApiAnswer> CreateAsync(
        ForwarderApplication forwarder, string name, string baseUrl, string realm, bool enabled = true, bool? allowDuplicate = null) =>
        forwarder.SendAsync(HttpMethod.Post, Path, Request(name, baseUrl, realm, enabled, allowDuplicate));

    private static object Request(string name, string baseUrl, string realm, bool enabled, bool? allowDuplicate) => new
    {
        name,
        enabled,
        keycloak = new { baseUrl, realm, clientId = "siem-forwarder", clientSecret = "siem-forwarder-secret", allowDuplicate },
    };

    private static async Task WaitForIdentityAsync(ForwarderApplication forwarder, int id)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(30));
        while (await tick.WaitForNextTickAsync(bound.Token))
        {
            await using var command = forwarder.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand($"SELECT count(*) FROM realm_identity WHERE source_id = {id}");
            if (await command.ExecuteScalarAsync(bound.Token) is 1L)
            {
                return;
            }
        }
    }

    private static async Task ExecuteAsync(ForwarderApplication forwarder, string sql)
    {
        await using var command = forwarder.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }
}
