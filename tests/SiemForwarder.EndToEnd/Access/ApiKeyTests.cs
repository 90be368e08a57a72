using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>Keys of the API: made, used, ended, and guessed at.</summary>
public sealed class ApiKeyTests(TestPostgres postgres, RunningForwarder running) : IClassFixture<RunningForwarder>
{
    // Of the one PostgreSQL that all tests share.
    private const string Few = "--Forwarder:Database:MaxConnections=8";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("X-API-Key", "{0}")]
    [InlineData("Authorization", "Bearer {0}")]
    [InlineData("Authorization", "bearer {0}")]
    public async Task AKeyIsSentInItsOwnHeaderOrAsABearerToken(string header, string value)
    {
        var forwarder = await running.GetAsync();
        var key = (string)(await Caller.NewKeyAsync(forwarder, "siem-viewer"))["key"]!;
        using var http = new HttpClient { BaseAddress = forwarder.Address };
        http.DefaultRequestHeaders.TryAddWithoutValidation(header, string.Format(System.Globalization.CultureInfo.InvariantCulture, value, key));

        var me = JsonNode.Parse(await http.GetStringAsync("/api/v1/me", Token))!;

        Assert.Equal(("key", "siem-viewer"), ((string?)me["kind"], (string?)me["roles"]![0]));
        Assert.Equal(["readSettings", "readStates", "readEvidence"], me["permissions"]!.AsArray().Select(one => (string)one!));
    }

    [Fact]
    public async Task WithoutAKeyNothingIsReadAndTheAnswerSaysWhatToSend()
    {
        using var caller = new Caller((await running.GetAsync()).Address);

        using var answer = await caller.SendAsync(null, HttpMethod.Get, "/api/v1/integrations");
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!;

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith("Bearer", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        Assert.Contains("X-API-Key", (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.Equal(401, await caller.GetAsync(null, "/nowhere"));
    }

    [Fact]
    public async Task AKeyIsShownOnceAndKeptAsAHashAlone()
    {
        var forwarder = await running.GetAsync();
        var made = await Caller.NewKeyAsync(forwarder, "siem-operator");
        var key = (string)made["key"]!;
        var shown = await forwarder.GetAsync($"/api/v1/keys/{made["id"]}");
        var list = await forwarder.GetAsync("/api/v1/keys?pageSize=200");

        Assert.Matches("^sfk_[0-9a-f]{16}_[0-9a-f]{64}$", key);
        Assert.Equal("admin key file", (string?)shown["createdBy"]);
        var secret = key.Split('_')[2];
        Assert.DoesNotContain(secret, shown.ToJsonString() + list.ToJsonString(), StringComparison.Ordinal);
        await using var database = NpgsqlDataSource.Create(forwarder.ConnectionString);
        await using var row = database.CreateCommand("SELECT k::text FROM api_key k WHERE id = $1");
        row.Parameters.AddWithValue((string)made["id"]!);
        Assert.DoesNotContain(secret, (string)(await row.ExecuteScalarAsync(Token))!, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task AKeyOfTooLittleIsToldWhichRolesMay()
    {
        var forwarder = await running.GetAsync();
        using var caller = new Caller(forwarder.Address);
        var key = (string)(await Caller.NewKeyAsync(forwarder, "siem-viewer"))["key"]!;

        using var answer = await caller.SendAsync(key, HttpMethod.Post, "/api/v1/keys", new { name = "mine", role = "siem-admin" });

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains("This requires siem-admin; ", (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!["detail"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AKeyEndsWhenItExpiresAndWhenItIsRevoked()
    {
        var clock = new MovedClock();
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, clock, Few);
        using var caller = new Caller(forwarder.Address);
        var hourly = (string)(await Caller.NewKeyAsync(forwarder, "siem-viewer", expiresAt: clock.GetUtcNow().AddHours(1)))["key"]!;
        var revoked = await Caller.NewKeyAsync(forwarder, "siem-viewer");
        Assert.Equal((200, 200), (await caller.GetAsync(hourly), await caller.GetAsync((string)revoked["key"]!)));

        var deletion = await forwarder.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{revoked["id"]}");
        using var afterRevocation = await caller.SendAsync((string)revoked["key"]!, HttpMethod.Get, "/api/v1/me");
        clock.Move(TimeSpan.FromHours(2));
        using var afterExpiry = await caller.SendAsync(hourly, HttpMethod.Get, "/api/v1/me");

        Assert.Equal(HttpStatusCode.NoContent, deletion.Status);
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (afterRevocation.StatusCode, afterExpiry.StatusCode));
        Assert.Contains("was revoked at", await afterRevocation.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Contains("expired at", await afterExpiry.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await forwarder.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{revoked["id"]}")).Status);
        Assert.NotNull((await forwarder.GetAsync($"/api/v1/keys/{revoked["id"]}"))["revokedAt"]);
    }

    [Fact]
    public async Task ARotatedKeyWorksWithoutAGapInEveryEngine()
    {
        var clock = new MovedClock();
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, clock, Few);
        await using var other = await ForwarderApplication.StartOnAsync(forwarder.ConnectionString, Few);
        using var here = new Caller(forwarder.Address);
        using var there = new Caller(other.Address);
        var made = await Caller.NewKeyAsync(forwarder, "siem-viewer");
        var before = (string)made["key"]!;
        Assert.Equal((200, 200), (await here.GetAsync(before), await there.GetAsync(before)));

        var rotated = await forwarder.PostAsync($"/api/v1/keys/{made["id"]}/rotate", new { overlapSeconds = 3600 });
        var after = (string)rotated["key"]!;

        Assert.Equal((string?)made["id"], (string?)rotated["id"]);
        Assert.Equal((200, 200, 200), (await here.GetAsync(before), await here.GetAsync(after), await there.GetAsync(before)));
        await Until(async () => await there.GetAsync(after) == 200);
        clock.Move(TimeSpan.FromHours(2));
        Assert.Equal((401, 200), (await here.GetAsync(before), await here.GetAsync(after)));
    }

    [Fact]
    public async Task ARevokedKeyEndsInEveryEngineWithinSeconds()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, Few);
        await using var other = await ForwarderApplication.StartOnAsync(forwarder.ConnectionString, Few);
        using var there = new Caller(other.Address);
        var made = await Caller.NewKeyAsync(forwarder, "siem-viewer");
        Assert.Equal(200, await there.GetAsync((string)made["key"]!));

        await forwarder.SendAsync(HttpMethod.Delete, $"/api/v1/keys/{made["id"]}");

        await Until(async () => await there.GetAsync((string)made["key"]!) == 401);
    }

    [Fact]
    public async Task WhenAKeyWasLastUsedIsWrittenOnceAMinuteAtMost()
    {
        var clock = new MovedClock();
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, clock, Few);
        using var caller = new Caller(forwarder.Address);
        var made = await Caller.NewKeyAsync(forwarder, "siem-viewer");
        var path = $"/api/v1/keys/{made["id"]}";
        Assert.Null((await forwarder.GetAsync(path))["lastUsedAt"]);

        await caller.GetAsync((string)made["key"]!);
        var first = (string)(await forwarder.GetAsync(path))["lastUsedAt"]!;
        clock.Move(TimeSpan.FromSeconds(30));
        await caller.GetAsync((string)made["key"]!);
        var second = (string)(await forwarder.GetAsync(path))["lastUsedAt"]!;
        clock.Move(TimeSpan.FromSeconds(40));
        await caller.GetAsync((string)made["key"]!);

        Assert.Equal(first, second);
        Assert.NotEqual(first, (string)(await forwarder.GetAsync(path))["lastUsedAt"]!);
    }

    [Fact]
    public async Task WhoGuessesIsLockedOutForAWhileAndNobodyElseIs()
    {
        var clock = new MovedClock();
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, clock, Few);
        var key = (string)(await Caller.NewKeyAsync(forwarder, "siem-viewer"))["key"]!;
        var wrong = key[..^1] + (key[^1] == '0' ? '1' : '0');
        using var guesser = new Caller(forwarder.Address, "127.0.0.2");
        using var other = new Caller(forwarder.Address, "127.0.0.3");

        var statuses = new List<int>();
        for (var i = 0; i < 12; i++)
        {
            statuses.Add(await guesser.GetAsync(wrong));
        }

        using var locked = await guesser.SendAsync(key, HttpMethod.Get, "/api/v1/me");
        Assert.Equal([.. Enumerable.Repeat(401, 10), 429, 429], statuses);
        Assert.Equal(HttpStatusCode.TooManyRequests, locked.StatusCode);
        Assert.InRange(locked.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal(200, await other.GetAsync(key));
        Assert.Equal(200, await guesser.GetAsync(null, "/health/live"));
        clock.Move(TimeSpan.FromSeconds(61));
        Assert.Equal(200, await guesser.GetAsync(key));
    }

    [Fact]
    public async Task AKeyToPushReachesItsOwnInboxAndNothingElse()
    {
        var forwarder = await running.GetAsync();
        var mine = await AddInboxAsync(forwarder);
        var other = await AddInboxAsync(forwarder);
        using var caller = new Caller(forwarder.Address);
        var key = (string)(await Caller.NewKeyAsync(forwarder, "siem-ingest", mine))["key"]!;
        const string Event = """{"event_id":"e-1","event_type":"account.provisioned","timestamp":"2026-01-31T10:15:30Z","subject":"alice","requestor":"hr"}""";

        using var own = await caller.SendAsync(key, HttpMethod.Post, $"/api/v1/sources/{mine}/events", Event);
        using var foreign = await caller.SendAsync(key, HttpMethod.Post, $"/api/v1/sources/{other}/events", Event);
        using var byInboxKey = await caller.SendAsync("an-inbox-key-of-its-own", HttpMethod.Post, $"/api/v1/sources/{other}/events", Event);

        Assert.Equal((202, 401, 202), ((int)own.StatusCode, (int)foreign.StatusCode, (int)byInboxKey.StatusCode));
        Assert.Equal((403, 403), (await caller.GetAsync(key), await caller.GetAsync(key, $"/api/v1/sources/{mine}")));
        Assert.Equal(200, await caller.GetAsync(key, "/api/v1/me"));
    }

    [Theory]
    [InlineData("""{"role":"siem-viewer"}""", "name")]
    [InlineData("""{"name":"a"}""", "role")]
    [InlineData("""{"name":"a","role":"root"}""", "role")]
    [InlineData("""{"name":"a","role":"siem-ingest"}""", "source")]
    [InlineData("""{"name":"a","role":"siem-ingest","source":99999}""", "source")]
    [InlineData("""{"name":"a","role":"siem-viewer","source":1}""", "source")]
    [InlineData("""{"name":"a","role":"siem-viewer","expiresAt":"2001-01-01T00:00:00Z"}""", "expiresAt")]
    public async Task WhatIsWrongWithAKeyIsNamed(string body, string field)
    {
        var answer = await (await running.GetAsync()).SendAsync(HttpMethod.Post, "/api/v1/keys", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal([field], answer.Fields);
    }

    internal static async Task Until(Func<Task<bool>> isSo)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Token);
        bound.CancelAfter(TimeSpan.FromSeconds(20));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(300));
        while (!await isSo())
        {
            await tick.WaitForNextTickAsync(bound.Token);
        }
    }

    private static async Task<int> AddInboxAsync(ForwarderApplication forwarder) => (await forwarder.PostAsync(
        "/api/v1/sources", new { name = $"apps {Guid.NewGuid():N}", kind = "http", inbox = new { key = "an-inbox-key-of-its-own" } }))["id"]!.GetValue<int>();
}
