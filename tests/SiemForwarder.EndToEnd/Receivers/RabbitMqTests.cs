using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Receivers;

public sealed class RabbitMqTests(RabbitMqServer server, TestPostgres postgres) : IClassFixture<RabbitMqServer>
{
    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromMinutes(4)).Token;

    [Theory]
    [InlineData("amqp")]
    [InlineData("amqps")]
    public async Task EveryEventIsAPersistentMessageWithItsIdInOrder(string scheme)
    {
        var queue = await QueueAsync();
        await using var destination = Open(queue, scheme);

        for (var round = 0; round < 3; round++)
        {
            var outcome = Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(1000, number => $"{{\"n\":{number},\"user\":\"zoë\"}}"), Soon));
            Assert.Contains("1,000 messages confirmed", outcome.Answer);
        }

        var messages = await server.TakeAllAsync(queue, Soon);
        Assert.Equal(3000, messages.Count);
        Assert.Equal(Enumerable.Range(0, 3000).Select(number => Batches.IdOf(number % 1000)), messages.Select(message => message.BasicProperties.MessageId));
        Assert.Equal("{\"n\":7,\"user\":\"zoë\"}", Encoding.UTF8.GetString(messages[7].Body.Span));
        Assert.All(messages, message => Assert.True(message.BasicProperties.Persistent));
        Assert.Equal("application/json", messages[0].BasicProperties.ContentType);
        Assert.Equal(1762164930, messages[0].BasicProperties.Timestamp.UnixTime);
    }

    [Fact]
    public async Task ABrokerThatIsKilledLosesNothingThatItConfirmed()
    {
        var queue = await QueueAsync();
        await using var destination = Open(queue, timeout: TimeSpan.FromSeconds(5));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(0), Soon));
        var sending = Task.Run(async () =>
        {
            // As a dispatcher does: what was not confirmed is sent again until it is.
            var repeats = 0;
            for (var number = 1; number < 40; number++)
            {
                for (var rest = Batch(number); ;)
                {
                    var outcome = await destination.SendAsync(rest, Soon);
                    if (outcome is DeliveryOutcome.Delivered)
                    {
                        break;
                    }

                    repeats++;
                    rest = outcome is DeliveryOutcome.Partial partial ? rest.Select(partial.Retry) : rest;
                    Assert.True(outcome is DeliveryOutcome.Partial or DeliveryOutcome.Transient, outcome.ToString());
                }
            }

            return repeats;
        });
        await server.KillAsync(Soon);
        await server.StartAsync(Soon);

        Assert.True(await sending > 0, "the broker was killed when everything had been sent");
        var messages = await server.TakeAllAsync(queue, Soon);
        Assert.Equal(
            Enumerable.Range(0, 40 * 50).Select(number => $"{number}"),
            messages.Select(message => Encoding.UTF8.GetString(message.Body.Span)).Distinct().OrderBy(text => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture)));

        static DeliveryBatch Batch(int number) => Batches.Json(50, index => $"{(number * 50) + index}");
    }

    [Fact]
    public async Task WhatNoQueueTakesIsNotAccepted()
    {
        await using var destination = Open("no-such-queue");

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batches.Json(3, _ => "{}"), Soon));

        Assert.Equal(ErrorCategory.Configuration, outcome.Category);
        Assert.Contains("no-such-queue", outcome.Reason);
        Assert.Contains("NO_ROUTE", outcome.Reason);
        await server.DeclareAsync("no-such-queue", Soon);
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(3, _ => "{}"), Soon));
        Assert.Equal(3, (await server.TakeAllAsync("no-such-queue", Soon)).Count);
    }

    [Fact]
    public async Task WhatAFullQueueRefusesIsSentAgainAndNothingElse()
    {
        var queue = await QueueAsync(new Dictionary<string, object?> { ["x-max-length"] = 4, ["x-overflow"] = "reject-publish" });
        await using var destination = Open(queue);

        var first = await destination.SendAsync(Batches.Json(20, number => $"{number}"), Soon);
        var taken = (await server.TakeAllAsync(queue, Soon)).Select(message => int.Parse(message.Body.Span, System.Globalization.CultureInfo.InvariantCulture)).ToList();

        var partial = Assert.IsType<DeliveryOutcome.Partial>(first);
        Assert.Empty(partial.Refused);
        Assert.NotEmpty(taken);
        Assert.Equal(Enumerable.Range(0, 20).Except(taken), partial.Retry);
        var second = Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(2, number => $"{number}"), Soon));
        Assert.Contains("2 messages", second.Answer);
    }

    [Fact]
    public async Task AFullQueueIsTransient()
    {
        var queue = await QueueAsync(new Dictionary<string, object?> { ["x-max-length"] = 0, ["x-overflow"] = "reject-publish" });
        await using var destination = Open(queue);

        var outcome = await destination.SendAsync(Batches.Json(3, _ => "{}"), Soon);
        outcome = outcome is DeliveryOutcome.Partial ? await destination.SendAsync(Batches.Json(3, _ => "{}"), Soon) : outcome;

        Assert.Contains("rejected messages", Assert.IsType<DeliveryOutcome.Transient>(outcome).Reason);
    }

    [Fact]
    public async Task AMessageThatIsTooLargeIsRejectedAloneOnceTheBatchIsHalved()
    {
        var queue = await QueueAsync();
        await using var destination = Open(queue);
        var batch = Batches.Json(2, number => number == 1 ? new string('x', RabbitMqServer.MaxMessageBytes + 1) : "small");

        var both = await destination.SendAsync(batch, Soon);
        var small = await destination.SendAsync(batch.Slice(0, 1), Soon);
        var large = await destination.SendAsync(batch.Slice(1, 1), Soon);

        Assert.True(both is DeliveryOutcome.Partial { Retry: [1] } or DeliveryOutcome.Rejected, both.ToString());
        Assert.IsType<DeliveryOutcome.Delivered>(small);
        Assert.Contains("larger", Assert.IsType<DeliveryOutcome.Rejected>(large).Reason);
    }

    [Theory]
    [InlineData("wrong password", "amqp", "", ErrorCategory.Authentication)]
    [InlineData(RabbitMqServer.Password, "amqp", "/no-such-vhost", ErrorCategory.Configuration)]
    public async Task WhoIsNotLetInIsMisconfigured(string password, string scheme, string path, ErrorCategory category)
    {
        await using var destination = Open("queue", scheme, path: path, password: password);

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batches.Json(1, _ => "{}"), Soon));
        var report = await destination.TestAsync(Batches.Json(1, _ => "{}"), Soon);

        Assert.Equal(category, outcome.Category);
        Assert.DoesNotContain(password, outcome.Reason);
        Assert.Equal(TestStageResult.Failed, report.Stages[3].Result);
        Assert.DoesNotContain(password, string.Join('\n', report.Stages));
    }

    [Fact]
    public async Task AnExchangeThatDoesNotExistIsNamed()
    {
        await using var destination = Open("key", exchange: "no-such-exchange");

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batches.Json(1, _ => "{}"), Soon));

        Assert.Contains("no-such-exchange", outcome.Reason);
    }

    [Fact]
    public async Task TlsAgainstAnUnknownAuthorityIsRefused()
    {
        await using var destination = Open("queue", "amqps", tls: new TlsSettings());

        Assert.Equal(ErrorCategory.Tls, Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batches.Json(1, _ => "{}"), Soon)).Category);
    }

    [Fact]
    public async Task ATestNamesTheBrokerAndPublishesOneMessage()
    {
        var queue = await QueueAsync();
        await using var destination = Open(queue, "amqps");

        var report = await destination.TestAsync(Batches.Json(1, _ => "{\"test\":true}"), Soon);

        Assert.True(report.Succeeded, string.Join('\n', report.Stages));
        Assert.Contains("RabbitMQ 3.", report.Stages[3].Detail);
        Assert.Single(await server.TakeAllAsync(queue, Soon));
    }

    [Fact]
    public async Task EveryRecordedEventArrivesOnceWithItsId()
    {
        var queue = await QueueAsync();

        await using var recorded = await RecordedDelivery.RunAsync(postgres, new
        {
            name = "broker",
            preset = "rabbitmq",
            serverUrl = $"amqps://127.0.0.1:{server.TlsPort}",
            authentication = new { username = RabbitMqServer.User, password = RabbitMqServer.Password },
            tls = new { caCertificate = server.ClientTls.CaCertificate, serverName = server.ClientTls.ServerName },
            settings = new { routingKey = queue },
        });

        var messages = await server.TakeAllAsync(queue, Soon);
        recorded.AssertArrivedOnce(messages.Select(message => message.BasicProperties.MessageId));
        Assert.All(messages, message => Assert.Contains($"\"event_id\":\"{message.BasicProperties.MessageId}\"", Encoding.UTF8.GetString(message.Body.Span)));
    }

    private async Task<string> QueueAsync(IDictionary<string, object?>? arguments = null)
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        var queue = $"q-{Guid.NewGuid():N}";
        await server.DeclareAsync(queue, Soon, arguments);
        return queue;
    }

    private IDestination Open(
        string routingKey, string scheme = "amqp", string exchange = "", string path = "", string password = RabbitMqServer.Password, TlsSettings? tls = null, TimeSpan? timeout = null)
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        var port = scheme == "amqps" ? server.TlsPort : server.Port;
        return DestinationCatalog.Find("rabbitmq")!.Open(
            new DestinationSettings
            {
                IntegrationName = "broker",
                ServerUrl = new Uri($"{scheme}://127.0.0.1:{port}{path}"),
                Port = port,
                Authentication = new AuthenticationSettings(AuthenticationType.Basic, RabbitMqServer.User, new Secret(password)),
                Tls = tls ?? (scheme == "amqps" ? server.ClientTls : new TlsSettings()),
                Settings = System.Text.Json.JsonSerializer.SerializeToElement(new { exchange, routingKey }),
                Timeout = timeout ?? TimeSpan.FromSeconds(30),
            },
            TimeProvider.System);
    }
}
