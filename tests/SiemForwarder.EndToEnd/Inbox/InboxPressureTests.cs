using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service.Memory;

namespace SiemForwarder.EndToEnd.Inbox;

/// <summary>Somebody who has no key keeps nobody who has one from pushing.</summary>
public sealed class InboxPressureTests(TestPostgres postgres)
{
    private const string Memory = "/api/v1/memory";
    private const int Announced = 4 * 1024 * 1024;
    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(5);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(900 * 1024)]
    public async Task SlowConnectionsThatAnnounceMuchCloseNoInbox(int sentBytes)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var signed = await CreateSignedAsync(forwarder);
        var other = await CreateSignedAsync(forwarder);
        var keyed = await Pusher.CreateAsync(forwarder);
        var attackers = new List<SlowSender>();
        try
        {
            for (var i = 0; i < 40; i++)
            {
                attackers.Add(await SlowSender.StartAsync(forwarder.Api.BaseAddress!, signed.SourceId, sentBytes, Token));
            }

            using var prompt = CancellationTokenSource.CreateLinkedTokenSource(Token);
            prompt.CancelAfter(Promptly);
            foreach (var sender in (Pusher[])[signed, other])
            {
                for (var i = 0; i < 5; i++)
                {
                    Assert.Equal((1, 0, 0), Pusher.Counts(await PushSignedAsync(sender, Pusher.Event(Guid.NewGuid().ToString("D")), prompt.Token)));
                }
            }

            Assert.Equal((1, 0, 0), Pusher.Counts(await keyed.PushAsync(Pusher.Event(Guid.NewGuid().ToString("D")), prompt.Token)));
        }
        finally
        {
            attackers.ForEach(attacker => attacker.Dispose());
        }
    }

    [Fact]
    public async Task ABodyThatDoesNotArriveInTimeEndsWith408()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:Inbox:SignedBodyTimeout=00:00:01");
        var signed = await CreateSignedAsync(forwarder);
        using var attacker = await SlowSender.StartAsync(forwarder.Api.BaseAddress!, signed.SourceId, 1000, Token);

        var answer = await attacker.ReadAnswerAsync(Token);

        Assert.StartsWith("HTTP/1.1 408 ", answer, StringComparison.Ordinal);
        Assert.Contains("must arrive within 1 s", answer, StringComparison.Ordinal);
        var status = await forwarder.WaitForAsync($"/api/v1/sources/{signed.SourceId}/status", node => node["inbox"]!["refused"]!.GetValue<long>() == 1);
        Assert.Contains("408", status["inbox"]!["lastFault"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-Keycloak-Signature: not-hexadecimal")]
    [InlineData("X-Keycloak-Signature: abcd")]
    [InlineData("X-Other: 1")]
    public async Task AHeaderThatCanBeNoSignatureIsRefusedBeforeTheBodyIsRead(string header)
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres);
        var signed = await CreateSignedAsync(forwarder);
        using var attacker = await SlowSender.StartAsync(forwarder.Api.BaseAddress!, signed.SourceId, 0, Token, header);

        Assert.StartsWith("HTTP/1.1 401 ", await attacker.ReadAnswerAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhereTheMemoryOfTheProcessIsTakenPushesAreRefusedAndAcceptedAgainOnceItIsFree()
    {
        await using var forwarder = await ForwarderApplication.StartAsync(postgres, "--Forwarder:MemoryBytes=167772160");
        var (keyed, one) = (await Pusher.CreateAsync(forwarder), Pusher.Event("one"));
        var batches = forwarder.Services.GetRequiredService<MemoryBudget>().Shares.Single(share => share.Part == MemoryPart.Batches);
        Assert.True(batches.TryTake(batches.Room - batches.Taken));
        var senders = new List<SlowSender>();
        try
        {
            for (var i = 0; i < 4; i++)
            {
                senders.Add(await SlowSender.StartAsync(forwarder.Api.BaseAddress!, keyed.SourceId, 3 * 1024 * 1024, Token, $"X-API-Key: {Pusher.Key}"));
            }

            var full = await forwarder.WaitForAsync(Memory, node => TakenBy(node, "pushes") == 4 * Announced);
            var refused = await keyed.PushAsync(one, Token);
            var metrics = await forwarder.Api.GetStringAsync("/metrics", Token);
            batches.Give(batches.Taken);
            var accepted = await keyed.PushAsync(one, Token);

            Assert.Equal((HttpStatusCode.ServiceUnavailable, true), (refused.Status, refused.Text.Contains("Inbox full", StringComparison.Ordinal)));
            Assert.Equal((1, 0, 0), Pusher.Counts(accepted));
            Assert.Equal(167_772_160, (long)full["budgetBytes"]!);
            Assert.Equal(["segments", "keys", "resends", "batches", "pushes"], full["shares"]!.AsArray().Select(share => (string)share!["part"]!));
            Assert.All(full["shares"]!.AsArray(), share => Assert.InRange((long)share!["minimumBytes"]!, 1, (long)share["mostBytes"]!));
            Assert.Equal((long)full["takenBytes"]!, full["shares"]!.AsArray().Sum(share => (long)share!["takenBytes"]!));
            Assert.Contains(Samples(metrics, "siemforwarder_memory_usage_bytes"), line => line.Contains("part=\"pushes\"", StringComparison.Ordinal) && line.Contains(" 16777216", StringComparison.Ordinal));
            Assert.Equal(5, Samples(metrics, "siemforwarder_memory_minimum_bytes").Count());
            Assert.Contains(" 167772160", Assert.Single(Samples(metrics, "siemforwarder_memory_budget_bytes")), StringComparison.Ordinal);
        }
        finally
        {
            senders.ForEach(sender => sender.Dispose());
        }

        await forwarder.WaitForAsync(Memory, node => TakenBy(node, "pushes") == 0);
        Assert.Equal((0, 1, 0), Pusher.Counts(await keyed.PushAsync(one, Token)));
    }

    private static IEnumerable<string> Samples(string metrics, string name) =>
        metrics.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal));

    private static long TakenBy(JsonNode memory, string part) =>
        (long)memory["shares"]!.AsArray().Single(share => (string)share!["part"]! == part)!["takenBytes"]!;

    private static async Task<Pusher> CreateSignedAsync(ForwarderApplication forwarder)
    {
        var source = await forwarder.PostAsync(
            "/api/v1/sources", new { name = $"signed-{Guid.NewGuid():N}", kind = "http", inbox = new { authentication = "hmac", key = Pusher.Key } });
        return new Pusher(forwarder.Api, source["id"]!.GetValue<int>());
    }

    private static Task<ApiAnswer> PushSignedAsync(Pusher sender, string body, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        return sender.PushAsync(bytes, cancellationToken, "application/json", null, ("X-Keycloak-Signature", Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Pusher.Key), bytes))));
    }

    /// <summary>A connection that announces much, sends a part of it and then nothing.</summary>
    private sealed class SlowSender(TcpClient client) : IDisposable
    {
        public static async Task<SlowSender> StartAsync(Uri api, int sourceId, int sentBytes, CancellationToken cancellationToken, string? header = null)
        {
            var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, api.Port, cancellationToken);
            var head = string.Create(
                CultureInfo.InvariantCulture,
                $"POST /api/v1/sources/{sourceId}/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {Announced}\r\n{header ?? $"X-Keycloak-Signature: {new string('a', 64)}"}\r\n\r\n");
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head), cancellationToken);
            await stream.WriteAsync(new byte[sentBytes], cancellationToken);
            return new SlowSender(client);
        }

        public async Task<string> ReadAnswerAsync(CancellationToken cancellationToken)
        {
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            bound.CancelAfter(TimeSpan.FromSeconds(30));
            var buffer = new byte[16 * 1024];
            var length = 0;
            int read;
            do
            {
                read = await client.GetStream().ReadAsync(buffer.AsMemory(length), bound.Token);
                length += read;
            }
            while (read > 0 && !Encoding.UTF8.GetString(buffer, 0, length).Contains('}', StringComparison.Ordinal));
            return Encoding.UTF8.GetString(buffer, 0, length);
        }

        public void Dispose() => client.Dispose();
    }
}
