using System.Text.Json;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>Against a real NATS server with JetStream.</summary>
public sealed class NatsTests(NatsServer server, TestPostgres postgres) : IClassFixture<NatsServer>
{
    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token;

    [Fact]
    public async Task EveryEventIsAMessageWithItsIdInOrderAndARepeatIsStoredOnce()
    {
        var subject = await SubjectAsync();
        await using var destination = Open(subject);

        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(600, number => $"{{\"n\":{number},\"user\":\"zoë\"}}"), Soon));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batches.Json(600, number => $"{{\"n\":{number},\"user\":\"zoë\"}}"), Soon));

        for (var position = 1; position <= 600; position += 37)
        {
            Assert.Equal((Batches.IdOf(position - 1), $"{{\"n\":{position - 1},\"user\":\"zoë\"}}"), await server.ReadAsync(subject, position, Soon));
        }

        Assert.NotNull(await server.ReadAsync(subject, 600, Soon));
        Assert.Null(await server.ReadAsync(subject, 601, Soon));
    }

    [Fact]
    public async Task AServerThatIsKilledLosesNothingThatItConfirmed()
    {
        var subject = await SubjectAsync();
        await using var destination = Open(subject, timeout: TimeSpan.FromSeconds(5));
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(0), Soon));
        await server.KillAsync();

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(1), Soon));
        await server.RestartAsync(Soon);

        Assert.Equal(ErrorCategory.Connection, outcome.Category);
        Assert.IsType<DeliveryOutcome.Delivered>(await destination.SendAsync(Batch(1), Soon));
        Assert.Equal("0", (await server.ReadAsync(subject, 1, Soon))?.Text);
        Assert.Equal("1", (await server.ReadAsync(subject, 2, Soon))?.Text);

        static DeliveryBatch Batch(int number) => Batches.Json(2, index => $"{number}").Slice(number, 1);
    }

    [Fact]
    public async Task WithoutAStreamTheIntegrationIsHeld()
    {
        await using var destination = Open("nobody.listens");

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batches.Json(2, _ => "{}"), Soon));

        Assert.Equal(ErrorCategory.Configuration, outcome.Category);
        Assert.Contains("nobody.listens", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFullStreamIsTransient()
    {
        var subject = await SubjectAsync(""","max_msgs":3,"discard":"new" """);
        await using var destination = Open(subject);

        var outcome = Assert.IsType<DeliveryOutcome.Partial>(await destination.SendAsync(Batches.Json(5, number => $"{number}"), Soon));

        Assert.Empty(outcome.Refused);
        Assert.Equal([3, 4], outcome.Retry);
        Assert.Contains("maximum messages exceeded", outcome.Answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AMessageThatIsTooLargeIsSetAsideAlone()
    {
        var subject = await SubjectAsync();
        await using var destination = Open(subject);

        var outcome = Assert.IsType<DeliveryOutcome.Partial>(
            await destination.SendAsync(Batches.Json(3, number => number == 1 ? new string('x', NatsServer.MaxPayload) : $"{number}"), Soon));

        Assert.Equal(1, Assert.Single(outcome.Refused).Index);
        Assert.Empty(outcome.Retry);
        Assert.Equal("2", (await server.ReadAsync(subject, 2, Soon))?.Text);
    }

    [Theory]
    [InlineData("wrong", NatsServer.User, ErrorCategory.Authentication)]
    [InlineData(NatsServer.Password, "reader", ErrorCategory.Authorization)]
    public async Task WhoIsNotLetInIsMisconfigured(string password, string user, ErrorCategory category)
    {
        var subject = await SubjectAsync();
        await using var destination = Open(subject, user: user, password: password, timeout: TimeSpan.FromSeconds(5));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batches.Json(1, _ => "{}"), Soon));
        var report = await destination.TestAsync(Batches.Json(1, _ => "{}"), Soon);

        Assert.Equal(category, outcome.Category);
        Assert.DoesNotContain(password, outcome.Reason, StringComparison.Ordinal);
        Assert.Equal(
            category == ErrorCategory.Authentication ? TestStageName.Authentication : TestStageName.Acceptance,
            Assert.Single(report.Stages, stage => stage.Result == TestStageResult.Failed).Name);
    }

    [Fact]
    public async Task TlsBeginsAfterTheGreetingAndATestShowsItsStages()
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        await using var destination = Open("nobody.listens", tls: server.ClientTls);
        await using var distrusting = Open("nobody.listens", tls: new TlsSettings());

        var report = await destination.TestAsync(Batches.Json(1, _ => "{}"), Soon);
        var untrusted = await distrusting.SendAsync(Batches.Json(1, _ => "{}"), Soon);

        Assert.Equal(
            [TestStageResult.Passed, TestStageResult.Passed, TestStageResult.Passed, TestStageResult.Passed, TestStageResult.Failed],
            report.Stages.Select(stage => stage.Result));
        Assert.Equal(ErrorCategory.Tls, Assert.IsType<DeliveryOutcome.Misconfigured>(untrusted).Category);
    }

    [Fact]
    public async Task EveryRecordedEventArrivesOnceWithItsId()
    {
        var subject = await SubjectAsync();

        await using var recorded = await RecordedDelivery.RunAsync(postgres, new
        {
            name = "queue",
            serverUrl = $"nats://127.0.0.1:{server.Port}",
            authentication = new { type = "basic", username = NatsServer.User, password = NatsServer.Password },
            settings = new { subject },
        });

        var ids = new List<string?>();
        for (var position = 1; await server.ReadAsync(subject, position, Soon) is { } message; position++)
        {
            ids.Add(message.Id);
        }

        recorded.AssertArrivedOnce(ids);
    }

    private async Task<string> SubjectAsync(string limits = "")
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        var subject = $"events.s{Guid.NewGuid():N}";
        await server.CreateStreamAsync(subject, limits, Soon);
        return subject;
    }

    private IDestination Open(
        string subject, string user = NatsServer.User, string password = NatsServer.Password, TlsSettings? tls = null, TimeSpan? timeout = null)
    {
        Assert.SkipWhen(server.Missing is not null, server.Missing ?? "");
        var port = tls is null ? server.Port : server.TlsPort;
        return DestinationCatalog.Find("nats")!.Open(
            new DestinationSettings
            {
                IntegrationName = "queue",
                ServerUrl = new Uri($"{(tls is null ? "nats" : "natss")}://127.0.0.1:{port}"),
                Port = port,
                Authentication = new AuthenticationSettings(AuthenticationType.Basic, user, new Secret(password)),
                Tls = tls ?? new TlsSettings(),
                Settings = JsonSerializer.SerializeToElement(new { subject }),
                Timeout = timeout ?? TimeSpan.FromSeconds(20),
            },
            TimeProvider.System);
    }
}
