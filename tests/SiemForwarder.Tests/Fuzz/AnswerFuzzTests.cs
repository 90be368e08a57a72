using System.IO.Compression;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Amqp;
using SiemForwarder.Destinations.Http.Datadog;
using SiemForwarder.Destinations.Http.Elastic;
using SiemForwarder.Destinations.Http.Google;
using SiemForwarder.Destinations.Http.Otlp;
using SiemForwarder.Destinations.Http.Sentinel;
using SiemForwarder.Destinations.Http.Splunk;
using SiemForwarder.Destinations.Http.SumoLogic;
using SiemForwarder.Destinations.Http.Webhook;
using SiemForwarder.Destinations.Sockets;
using SiemForwarder.Events;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Keycloak.Polling;
using SiemForwarder.Service.Keycloak.Tail;
using SiemForwarder.Tests.Destinations;
using SiemForwarder.Tests.Service.Keycloak;

namespace SiemForwarder.Tests.Fuzz;

/// <summary>Tests of the memory of the whole process: nothing else runs beside them.</summary>
[CollectionDefinition(nameof(MeasuresMemory), DisableParallelization = true)]
public sealed class MeasuresMemory;

/// <summary>Servers that answer with broken bytes: a Keycloak that is not one, a SIEM that is not one. Every answer becomes a value whose words are one line.</summary>
[Collection(nameof(MeasuresMemory))]
public sealed class AnswerFuzzTests
{
    private const long MostMemory = 64L << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly int[] Statuses = [200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 413, 429, 500, 503, 999];

    private static readonly byte[][] OfKeycloak = Bytes(
        """[{"id":"6a1b2c3d-0001-4000-8000-00000000a11c","time":1789041600000,"type":"LOGIN","details":{"username":"alice"}}]""",
        """{"access_token":"e30.e30.x","expires_in":300,"token_type":"Bearer"}""", """{"error":"invalid_client","error_description":"Invalid client"}""",
        """{"eventsEnabled":true,"adminEventsEnabled":true,"eventsExpiration":3600,"enabledEventTypes":["LOGIN"]}""");

    private static readonly byte[][] OfSiems = Bytes(
        """{"took":3,"errors":true,"items":[{"create":{"_index":"x","status":400,"error":{"type":"mapper_parsing_exception","reason":"failed"}}},{"create":{"status":201}}]}""",
        """{"text":"Success","code":0,"ackId":1}""", """{"text":"Invalid data format","code":6,"invalid-event-number":1}""",
        """{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too old"}}""", "<!DOCTYPE html><title>Sign in</title>");

    private static readonly byte[][] OfTokenEndpoints = Bytes(
        """{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"eyJ0eXAiOiJKV1QifQ.e30.x"}""", """{"access_token":"ya29.c.x","expires_in":3599}""",
        """{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 0a","error_codes":[7000215],"correlation_id":"0b"}""",
        """{"error":"invalid_grant","error_description":"Invalid JWT Signature."}""");

    private static readonly byte[][] OfClouds = Bytes(
        "{}", """{"error":{"code":"InvalidStream","message":"Stream was not configured in the Data Collection Rule."}}""",
        """{"error":{"code":403,"message":"Permission denied","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM"}]}}""",
        """[{"error":{"code":400,"message":"entry 1 is too large","status":"INVALID_ARGUMENT"}}]""");

    private static readonly byte[][] OfRelp = Bytes(
        "1 rsp 90 200 OK\nrelp_version=0\nrelp_software=librelp,1.2.14,http://librelp.adiscon.com\ncommands=syslog\n", "2 rsp 6 200 OK\n", "3 rsp 11 500 refused\n",
        "0 serverclose 0\n");

    // The beginning of a connection.start frame (AMQP 0-9-1 section 2.3.5), and what a server says to a protocol that it does not speak.
    private static readonly byte[][] OfAmqp =
    [
        [1, 0, 0, 0, 0, 0, 32, 0, 10, 0, 10, 0, 9, 0, 0, 0, 0, 0, 0, 0, 5, .. "PLAIN"u8, 0, 0, 0, 5, .. "en_US"u8, 0xce], [.. "AMQP"u8, 0, 0, 9, 1],
    ];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnswersOfKeycloak()
    {
        await using var server = new HostileServer();
        await Fuzzer.RunAsync(150, OfKeycloak, async (input, random) =>
        {
            Answer(server, input, random);
            using var poller = NewPoller(server.Port);
            foreach (var stream in new[] { EventStream.User, EventStream.Admin })
            {
                if (await poller.PollOnceAsync(stream, Stop).WaitAsync(Fuzzer.Limit * 4, Stop) is PollOutcome.Failed failed)
                {
                    Fuzzer.AssertOneLine(failed.Message);
                }
            }
        });
    }

    [Fact]
    public async Task AnswersOfDestinations()
    {
        await using var server = new HostileServer();
        var settings = SomeSettings.For($"http://127.0.0.1:{server.Port}/", Patience);
        await Fuzzer.RunAsync(60, OfSiems, async (input, random) =>
        {
            Answer(server, input, random);
            foreach (var (kind, own) in new (DestinationKind, object?)[]
                {
                    (WebhookDestination.Kind, null), (SplunkHecDestination.Kind, new { token = "t" }), (ElasticDestination.Kind, new { apiKey = "k" }),
                    (OtlpDestination.Kind, null), (DatadogDestination.Kind, new { apiKey = "k" }), (SumoLogicDestination.Kind, new { code = "c" }),
                    (LogScaleDestination.Kind, new { token = "t" }),
                })
            {
                await SendAsync(kind, own is null ? settings : settings with { Settings = SomeSettings.Own(own) });
            }
        });
    }

    [Theory]
    [InlineData("sentinel")]
    [InlineData("google api")]
    [InlineData("google legacyUdm")]
    [InlineData("google feed")]
    public async Task AnswersOfClouds(string cloud)
    {
        await using var tokens = new HostileServer();
        await using var intake = new HostileServer();
        using var key = RSA.Create(2048);
        var settings = SomeSettings.For($"http://127.0.0.1:{intake.Port}/", Patience);
        var authority = $"http://127.0.0.1:{tokens.Port}";
        var keyFile = JsonSerializer.Serialize(new { client_email = "a@b.invalid", private_key = key.ExportPkcs8PrivateKeyPem(), token_uri = $"{authority}/token" });
        var (kind, own) = cloud == "sentinel"
            ? (SentinelDestination.Kind, (object)new { tenantId = "t", clientId = "c", clientSecret = "a-secret-of-the-app", ruleId = $"dcr-{new string('0', 32)}", authority })
            : (GoogleSecOpsDestination.Kind, new
            {
                mode = cloud.Split(' ')[1], instance = "projects/p/locations/eu/instances/i", customerId = Guid.Empty.ToString(), serviceAccountKey = keyFile,
                apiKey = "k", feedSecret = "s",
            });

        // Broken tokens before a sound intake, then the other way round, each on the same connection as a dispatcher keeps it.
        await Fuzzer.RunAsync(40, OfTokenEndpoints, async (input, random) =>
        {
            Answer(tokens, input, random);
            intake.AnswerJson(Statuses[random.Next(Statuses.Length)], OfClouds[0]);
            await SendTwiceAsync(kind, settings with { Settings = SomeSettings.Own(own) });
        });
        await Fuzzer.RunAsync(40, OfClouds, async (input, random) =>
        {
            tokens.AnswerJson(200, OfTokenEndpoints[random.Next(2)]);
            Answer(intake, input, random);
            await SendTwiceAsync(kind, settings with { Settings = SomeSettings.Own(own) });
        });
    }

    [Theory]
    [InlineData("relp", 60)]
    [InlineData("rabbitmq", 10)]
    public async Task AnswersOfOtherProtocols(string protocol, int runs)
    {
        await using var server = new HostileServer { IsHttp = false };
        var (kind, settings) = protocol == "relp"
            ? (RelpDestination.Kind, SomeSettings.For($"tcp://127.0.0.1:{server.Port}", Patience))
            : (RabbitMqDestination.Kind, SomeSettings.For($"amqp://127.0.0.1:{server.Port}", Patience) with
            {
                Settings = SomeSettings.Own(new { routingKey = "events" }),
                Authentication = new AuthenticationSettings(AuthenticationType.Basic, "u", new Secret("p")),
            });
        await Fuzzer.RunAsync(runs, protocol == "relp" ? OfRelp : OfAmqp, async (input, _) =>
        {
            server.Answer = async (stream, cancellationToken) => await stream.WriteAsync(input, cancellationToken);
            await SendAsync(kind, settings);
        });
    }

    private static async Task SendAsync(DestinationKind kind, DestinationSettings settings)
    {
        await using var destination = kind.Open(settings, TimeProvider.System);
        await SendAsync(destination);
    }

    private static async Task SendTwiceAsync(DestinationKind kind, DestinationSettings settings)
    {
        await using var destination = kind.Open(settings, TimeProvider.System);
        await SendAsync(destination);
        await SendAsync(destination);
        var report = await destination.TestAsync(SomeBatch.Json(1), Stop).WaitAsync(Fuzzer.Limit * 4, Stop);
        Assert.All(report.Stages, stage => Fuzzer.AssertOneLine($"{stage.Name} {stage.Detail} {stage.Advice}"));
    }

    private static async Task SendAsync(IDestination destination)
    {
        var outcome = await destination.SendAsync(SomeBatch.Json(2), Stop).WaitAsync(Fuzzer.Limit * 4, Stop);
        Fuzzer.AssertOneLine(outcome switch
        {
            DeliveryOutcome.Delivered delivered => $"{delivered.Answer} ",
            DeliveryOutcome.Transient transient => transient.Reason,
            DeliveryOutcome.Rejected rejected => rejected.Reason,
            DeliveryOutcome.Misconfigured misconfigured => misconfigured.Reason,
            DeliveryOutcome.Partial partial => string.Join(" ", partial.Refused.Select(one => one.Reason).Append("partial")),
            _ => "none",
        });
    }

    /// <summary>Ways to keep a client busy or to fill its memory.</summary>
    public static TheoryData<string> Attacks => ["endless", "endless head", "endless chunks", "slow", "announced and not sent", "bomb", "nested", "silent"];

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task WhatNeverEndsIsLeftInTimeAndWithoutItsWeight(string attack)
    {
        await using var server = new HostileServer { Answer = (stream, cancellationToken) => AttackAsync(attack, stream, cancellationToken) };
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var connection = new KeycloakConnection(Source(server.Port), TimeProvider.System, new ServerClock(TimeProvider.System), Patience);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{server.Port}/admin/realms/x/events");
        var start = TimeProvider.System.GetTimestamp();

        var (reply, failure) = await connection.SendAsync(request, 1 << 20, Stop);
        await using var destination = WebhookDestination.Kind.Open(SomeSettings.For($"http://127.0.0.1:{server.Port}/", Patience), TimeProvider.System);
        var outcome = await destination.SendAsync(SomeBatch.Json(2), Stop);

        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, Patience * 10);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, MostMemory);
        Assert.NotNull(outcome);
        using (reply)
        {
            Assert.True(reply is not null != failure is not null);
            Assert.InRange(reply?.Body.Length ?? 0, 0, 1 << 20);
            Fuzzer.AssertOneLine(failure?.What ?? reply!.Words());
        }
    }

    private static async Task AttackAsync(string attack, NetworkStream stream, CancellationToken cancellationToken)
    {
        const string Head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
        var block = new byte[64 * 1024];
        Array.Fill(block, (byte)'[');
        switch (attack)
        {
            case "endless":
                await WriteAsync(Head + "\r\n");
                while (true)
                {
                    await stream.WriteAsync(block, cancellationToken);
                }

            case "endless head":
                await WriteAsync("HTTP/1.1 200 OK\r\n");
                while (true)
                {
                    await WriteAsync($"X-{Guid.NewGuid()}: {new string('a', 1000)}\r\n");
                }

            case "endless chunks":
                await WriteAsync(Head + "Transfer-Encoding: chunked\r\n\r\n");
                while (true)
                {
                    await WriteAsync("1\r\n \r\n");
                }

            case "slow":
                await WriteAsync(Head + "Content-Length: 100000\r\n\r\n");
                using (var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(200)))
                {
                    while (await tick.WaitForNextTickAsync(cancellationToken))
                    {
                        await WriteAsync(" ");
                    }
                }

                break;
            case "announced and not sent":
                await WriteAsync(Head + "Content-Length: 4000000000\r\n\r\n[");
                await Task.Delay(Timeout.Infinite, cancellationToken);
                break;
            case "bomb":
                using (var packed = new MemoryStream())
                {
                    await using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
                    {
                        for (var megabytes = 0; megabytes < 200 * 16; megabytes++)
                        {
                            await gzip.WriteAsync(block, cancellationToken);
                        }
                    }

                    await WriteAsync($"{Head}Content-Encoding: gzip\r\nContent-Length: {packed.Length}\r\n\r\n");
                    await stream.WriteAsync(packed.GetBuffer().AsMemory(0, (int)packed.Length), cancellationToken);
                }

                break;
            case "nested":
                await WriteAsync($"{Head}Content-Length: {block.Length * 8}\r\n\r\n");
                for (var part = 0; part < 8; part++)
                {
                    await stream.WriteAsync(block, cancellationToken);
                }

                break;
            default:
                await Task.Delay(Timeout.Infinite, cancellationToken);
                break;
        }

        Task WriteAsync(string text) => stream.WriteAsync(Encoding.ASCII.GetBytes(text), cancellationToken).AsTask();
    }

    // Mostly a sound head before a broken body; now and then all of it is broken.
    private static void Answer(HostileServer server, byte[] input, Random random)
    {
        if (random.Next(8) == 0)
        {
            server.Answer = async (stream, cancellationToken) => await stream.WriteAsync(input, cancellationToken);
        }
        else
        {
            server.AnswerJson(Statuses[random.Next(Statuses.Length)], input);
        }
    }

    private static RealmPoller NewPoller(int port)
    {
        var log = new RecordingLog();
        return new RealmPoller(Source(port), log.Checkpoints, log.AppendAsync, TimeProvider.System, NullLogger.Instance, null, log.LookUpAsync);
    }

    private static KeycloakSource Source(int port) => new()
    {
        Id = 1, Name = "hostile", BaseUrl = new Uri($"http://127.0.0.1:{port}"), Realm = "x", ClientId = "c",
        Credential = new KeycloakCredential.ClientSecret(new Secret("a-secret-of-the-client")), Start = PollStart.All,
    };

    private static byte[][] Bytes(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];
}
