using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Nats;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Nats;

/// <summary>What needs no server; with a real one: NatsTests of the end-to-end tests.</summary>
public sealed class NatsDestinationTests : NetworkDestinationContract
{
    protected override string Scheme => "nats";

    internal override IDestination Open(DestinationSettings settings) => NatsDestination.Kind.Open(
        settings with
        {
            Authentication = new AuthenticationSettings(AuthenticationType.Basic, "forwarder", new Secret(SecretText)),
            Settings = SomeSettings.Own(new { subject = "keycloak.events" }),
        },
        TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Theory]
    [InlineData("220 mail.example.com ESMTP\r\n")]
    [InlineData("INFO not json\r\n")]
    public async Task AServerOfAnotherProtocolIsNamed(string greeting)
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Greeting = Encoding.ASCII.GetBytes(greeting) });
        await using var destination = Open(SomeSettings.For($"nats://127.0.0.1:{receiver.Port}"));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        AssertReadable(outcome.Reason);
        Assert.Contains("does not speak NATS", outcome.Reason);
    }

    [Fact]
    public async Task AServerThatRequiresTlsGetsNoCredentialsInPlainText()
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Greeting = "INFO {\"headers\":true,\"tls_required\":true}\r\n"u8.ToArray() });
        await using var destination = Open(SomeSettings.For($"nats://127.0.0.1:{receiver.Port}"));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(ErrorCategory.Tls, outcome.Category);
        Assert.Contains("natss://", outcome.Reason);
        Assert.All(receiver.Connections, connection => Assert.Empty(connection.Bytes));
    }

    [Theory]
    [InlineData("keycloak.events", true)]
    [InlineData("audit", true)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("a..b", false)]
    [InlineData("keycloak.>", false)]
    [InlineData("keycloak.*", false)]
    public void ASubjectIsWordsBetweenDots(string subject, bool valid) =>
        Assert.Equal(valid, NatsDestination.Kind.CheckSettings!(SomeSettings.Own(new { subject })).Count == 0);
}
