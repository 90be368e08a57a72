using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.Tokens;
using SiemForwarder.Connections;
using SiemForwarder.Events;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Keycloak.Checks;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Tail;

namespace SiemForwarder.EndToEnd.Keycloak;

/// <summary>Polling and checking real servers of both tiers.</summary>
public sealed class RealKeycloakTests(RealKeycloaks keycloaks)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("26.7.4")]
    [InlineData("24.0.5")]
    public async Task TheCheckPassesAndNamesTheRoleForTheExpirationOfAdminEvents(string version)
    {
        var server = await keycloaks.GetAsync(version, Token);

        var report = await KeycloakSourceCheck.RunAsync(Source(server), ["LOGIN", "LOGIN_ERROR", "UPDATE_CREDENTIAL"], TimeProvider.System, Token);

        Assert.True(report.Succeeded, string.Join('\n', report.Items));
        var expiration = report.Items.Single(item => item.Name == SourceCheckName.AdminExpiration);
        Assert.Equal(SourceCheckResult.Skipped, expiration.Result);
        Assert.Contains("view-realm", expiration.Advice, StringComparison.Ordinal);
        var names = report.Items.Single(item => item.Name == SourceCheckName.UserNames);
        Assert.Equal(SourceCheckResult.Skipped, names.Result);
        Assert.Contains("view-users", names.Advice, StringComparison.Ordinal);
        Assert.All(report.Items.Where(item => item != expiration && item != names), item => Assert.Equal(SourceCheckResult.Ok, item.Result));
    }

    [Theory]
    [InlineData("26.7.4")]
    [InlineData("24.0.5")]
    public async Task TheCheckNamesAWrongSecretAndAMissingRealm(string version)
    {
        var server = await keycloaks.GetAsync(version, Token);

        var secret = await KeycloakSourceCheck.RunAsync(Source(server) with { Credential = new KeycloakCredential.ClientSecret(new Secret("wrong")) }, [], TimeProvider.System, Token);
        var realm = await KeycloakSourceCheck.RunAsync(Source(server) with { Realm = "nope" }, [], TimeProvider.System, Token);

        Assert.Contains("Clients → siem-forwarder → Credentials", secret.Items.Single(item => item.Result == SourceCheckResult.Failed).Advice, StringComparison.Ordinal);
        Assert.Contains("has no realm 'nope'", realm.Items.Single(item => item.Result == SourceCheckResult.Failed).Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("26.7.4", ApiTier.WithIds)]
    [InlineData("24.0.5", ApiTier.WithoutIds)]
    public async Task WhatTheServerListsIsAppendedOnce(string version, ApiTier tier)
    {
        var server = await keycloaks.GetAsync(version, Token);
        var log = new AppendedEvents();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using var poller = new RealmPoller(
            Source(server) with { PollInterval = TimeSpan.FromSeconds(1), Start = PollStart.All },
            new Dictionary<EventStream, string?>(), log.AppendAsync, TimeProvider.System, NullLogger.Instance, pageRows: 20);
        var polling = poller.RunAsync(stop.Token);

        var mark = $"{Guid.NewGuid():N}"[..8];
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(200, await server.LoginAsync("alice", "alice-password", Token));
            Assert.NotEqual(200, await server.LoginAsync($"nobody-{mark}-{i}", "x", Token));
        }

        var user = await server.CreateUserAsync($"user-{mark}", Token);
        await server.CreateClientAsync($"client-{mark}", Token);
        await server.CreateRoleAsync($"role-{mark}", Token);
        (await server.AdminAsync(HttpMethod.Delete, $"users/{user}", null, Token)).Dispose();
        await log.WaitForAsync(EventStream.User, $"nobody-{mark}-9", Token);
        await log.WaitForAsync(EventStream.Admin, $"\"DELETE\"", $"users/{user}", Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => polling);

        // Events of other tests of this run may be younger than the last poll, hence the bound.
        Assert.Equal(await ListedAsync(server, "events", log.Newest(EventStream.User)), log.Sorted(EventStream.User));
        Assert.Equal(await ListedAsync(server, "admin-events", log.Newest(EventStream.Admin)), log.Sorted(EventStream.Admin));
        Assert.All(poller.Status.Streams, stream => Assert.Equal(tier, stream.Tier));
        Assert.InRange(poller.Status.ServerClockOffset!.Value.TotalSeconds, -5, 5);
    }

    [Theory]
    [InlineData("26.7.4")]
    [InlineData("24.0.5")]
    public async Task WhoActedAndOnWhomHasANameWhereTheServiceAccountMayViewUsers(string version)
    {
        var server = await keycloaks.GetAsync(version, Token);
        var mark = $"{Guid.NewGuid():N}"[..8];
        var (clientId, secret) = ($"names-{mark}", $"secret-{mark}");
        var account = await server.CreateServiceAccountAsync(clientId, secret, ["view-events", "view-users", "manage-users"], Token);
        var user = await server.CreateUserAsync($"granted-{mark}", Token);
        await server.CreateRoleAsync($"role-{mark}", Token);
        using var role = await server.AdminAsync(HttpMethod.Get, $"roles/role-{mark}", null, Token);
        var granted = new JsonArray(JsonNode.Parse(await role.Content.ReadAsStringAsync(Token)));
        await server.ActAsync(clientId, secret, HttpMethod.Post, $"users/{user}/role-mappings/realm", granted, Token);

        var log = new AppendedEvents();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        using var poller = new RealmPoller(
            Source(server) with { ClientId = clientId, Credential = new KeycloakCredential.ClientSecret(new Secret(secret)), Start = PollStart.All, Streams = [EventStream.Admin] },
            new Dictionary<EventStream, string?>(), log.AppendAsync, TimeProvider.System, NullLogger.Instance, pageRows: 20);
        var polling = poller.RunAsync(stop.Token);
        await log.WaitForAsync(EventStream.Admin, $"users/{user}/role-mappings/realm", Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => polling);

        var raw = log.Find(EventStream.Admin, $"users/{user}/role-mappings/realm");
        var normalized = EventNormalizer.Normalize(
            EventStream.Admin, raw, EventKey.FromHash(raw), new EventSource(1, "real", "siem", "localhost"), 1, 0, default, log.Names);
        Assert.Equal((account, $"service-account-{clientId}"), (normalized.Actor?.Id, normalized.Actor?.Name));
        Assert.Equal((user, $"granted-{mark}"), (normalized.Subject?.Id, normalized.Subject?.Name));
    }

    [Theory]
    [InlineData("26.7.4", false)]
    [InlineData("26.7.4", true)]
    [InlineData("24.0.5", false)]
    public async Task AClientThatSignsWithItsOwnKeyGetsATokenAndAForeignKeyGetsNone(string version, bool elliptic)
    {
        var server = await keycloaks.GetAsync(version, Token);
        using var key = NewKey(elliptic);
        using var foreign = NewKey(elliptic);
        var clientId = $"signs-{Guid.NewGuid():N}";
        await server.CreateClientAsync(clientId, Token);
        await server.ChangeClientAsync(
            clientId,
            client =>
            {
                client["clientAuthenticatorType"] = "client-jwt";
                client["serviceAccountsEnabled"] = true;
                client["publicClient"] = false;
                client["attributes"] = new JsonObject
                {
                    ["use.jwks.string"] = "true",
                    ["jwks.string"] = $$"""{"keys":[{{PublicKey(key)}}]}""",
                };
            },
            Token);

        var (token, failure) = await TokenAsync(key);
        var (none, refused) = await TokenAsync(foreign);

        Assert.True(token is not null, failure?.Message);
        Assert.Null(none);
        Assert.Contains("Signed JWT", refused!.Message, StringComparison.Ordinal);

        async Task<(string? Token, PollFailure? Failure)> TokenAsync(AsymmetricAlgorithm own)
        {
            var credential = new KeycloakCredential.PrivateKey(new Secret(own.ExportPkcs8PrivateKeyPem()), "k1");
            using var client = new KeycloakClient(Source(server) with { ClientId = clientId, Credential = credential }, TimeProvider.System);
            return await client.Token.GetAsync(Token);
        }
    }

    private static AsymmetricAlgorithm NewKey(bool elliptic) => elliptic ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : RSA.Create(2048);

    private static string PublicKey(AsymmetricAlgorithm key)
    {
        var shown = key is RSA rsa
            ? JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(rsa.ExportParameters(false)))
            : JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new ECDsaSecurityKey(ECDsa.Create(((ECDsa)key).ExportParameters(false))));
        return new JsonObject
        {
            ["kty"] = shown.Kty, ["kid"] = "k1", ["use"] = "sig", ["alg"] = key is RSA ? "RS256" : "ES256",
            ["n"] = shown.N, ["e"] = shown.E, ["crv"] = shown.Crv, ["x"] = shown.X, ["y"] = shown.Y,
        }.ToJsonString();
    }

    private static KeycloakSource Source(RealKeycloak server) => new()
    {
        Id = 1,
        Name = "real",
        BaseUrl = server.BaseUrl,
        Realm = RealKeycloak.Realm,
        ClientId = "siem-forwarder",
        Credential = new KeycloakCredential.ClientSecret(new Secret("siem-forwarder-secret")),
    };

    private static async Task<List<string>> ListedAsync(RealKeycloak server, string stream, long newestMs)
    {
        var rows = await server.EventsAsync(stream, Token);
        return [.. rows.Where(row => (long)row!["time"]! <= newestMs).Select(row => row!.ToJsonString()).Order(StringComparer.Ordinal)];
    }

    /// <summary>An event log in memory with exact deduplication by time and key, and a signal at every append.</summary>
    private sealed class AppendedEvents
    {
        private readonly HashSet<(EventStream, long, EventKey)> known = [];
        private readonly ConcurrentQueue<(EventStream Stream, long TimeMs, string Json)> events = new();
        private TaskCompletionSource appended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>All names that came.</summary>
        public UserNames Names { get; } = new();

        public byte[] Find(EventStream stream, string text) =>
            Encoding.UTF8.GetBytes(events.First(entry => entry.Stream == stream && entry.Json.Contains(text, StringComparison.Ordinal)).Json);

        public Task<AppendOutcome> AppendAsync(LogAppend append, CancellationToken cancellationToken)
        {
            var before = events.Count;
            if (append.Names is not null)
            {
                Names.AddMissing(append.Names);
            }

            foreach (var incoming in append.Events)
            {
                if (known.Add((append.Stream, incoming.OccurredAtMs, incoming.Key)))
                {
                    events.Enqueue((append.Stream, incoming.OccurredAtMs, Encoding.UTF8.GetString(incoming.Body.Span)));
                }
            }

            Interlocked.Exchange(ref appended, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            return Task.FromResult<AppendOutcome>(new AppendOutcome.Committed(before + 1, events.Count - before, append.Events.Count - (events.Count - before)));
        }

        public async Task WaitForAsync(EventStream stream, string text, string andText, CancellationToken cancellationToken)
        {
            while (true)
            {
                var signal = appended.Task;
                if (events.Any(entry => entry.Stream == stream && entry.Json.Contains(text, StringComparison.Ordinal) && entry.Json.Contains(andText, StringComparison.Ordinal)))
                {
                    return;
                }

                await signal.WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);
            }
        }

        public Task WaitForAsync(EventStream stream, string text, CancellationToken cancellationToken) => WaitForAsync(stream, text, text, cancellationToken);

        public long Newest(EventStream stream) => events.Where(entry => entry.Stream == stream).Max(entry => entry.TimeMs);

        public List<string> Sorted(EventStream stream) =>
            [.. events.Where(entry => entry.Stream == stream).Select(entry => JsonNode.Parse(entry.Json)!.ToJsonString()).Order(StringComparer.Ordinal)];
    }
}
