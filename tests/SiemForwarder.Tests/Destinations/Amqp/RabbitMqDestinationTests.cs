using System.Text;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Amqp;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Amqp;

/// <summary>What needs no broker; with a real one: RabbitMqTests of the end-to-end tests.</summary>
public sealed class RabbitMqDestinationTests : NetworkDestinationContract
{
    protected override string Scheme => "amqp";

    internal override IDestination Open(DestinationSettings settings) => RabbitMqDestination.Kind.Open(
        settings with
        {
            Authentication = new AuthenticationSettings(AuthenticationType.Basic, "forwarder", new Secret(SecretText)),
            Settings = SomeSettings.Own(new { routingKey = "events" }),
        },
        TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Fact]
    public async Task ABrokerOfAnotherProtocolVersionIsNamed()
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Greeting = Encoding.ASCII.GetBytes("AMQP\0\u0001\0\0") });
        await using var destination = Open(SomeSettings.For($"amqp://127.0.0.1:{receiver.Port}"));

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        AssertReadable(outcome.Reason);
        Assert.Contains("does not speak AMQP", outcome.Reason);
    }

    [Theory]
    [InlineData(TcpReceiverConduct.CloseAtOnce)]
    [InlineData(TcpReceiverConduct.ResetAtFirstBytes)]
    public async Task ABrokerThatGoesAwayIsTransient(TcpReceiverConduct conduct)
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Conduct = conduct });
        await using var destination = Open(SomeSettings.For($"amqp://127.0.0.1:{receiver.Port}"));

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon));

        AssertReadable(outcome.Reason);
    }

    [Fact]
    public async Task WithoutCredentialsItSaysWhichToSet()
    {
        await using var receiver = TcpSyslogReceiver.Start();
        await using var destination = RabbitMqDestination.Kind.Open(
            SomeSettings.For($"amqp://127.0.0.1:{receiver.Port}") with { Settings = SomeSettings.Own(new { routingKey = "events" }) }, TimeProvider.System);

        var outcome = Assert.IsType<DeliveryOutcome.Misconfigured>(await destination.SendAsync(Batch(), Soon));

        Assert.Equal(ErrorCategory.Authentication, outcome.Category);
        AssertReadable(outcome.Reason);
    }

    [Theory]
    [InlineData("amqp://h", "/", true)]
    [InlineData("amqp://h/", "/", true)]
    [InlineData("amqp://user:pass@h:10000/vhost", "vhost", true)]
    [InlineData("amqp://user%61:%61pass@h:10000/v%2fhost", "v/host", true)]
    [InlineData("amqp://h/%2F", "/", true)]
    [InlineData("amqp://h/%2f", "/", true)]
    [InlineData("amqp://h//", "/", true)]
    [InlineData("amqp://h//audit", "/audit", true)]
    [InlineData("amqp://h/%2Faudit", "/audit", true)]
    [InlineData("amqp://h/audit/", "audit", true)]
    [InlineData("amqp://[::1]/audit", "audit", true)]
    [InlineData("amqp://h/%C3%A4%20b", "ä b", true)]
    [InlineData("amqp://h//audit/b", null, false)]
    [InlineData("amqps://h/audit", "audit", true)]
    [InlineData("amqps://h/a%2Fb", "a/b", true)]
    [InlineData("amqps://h/a/b", null, false)]
    [InlineData("amqps://h/a?heartbeat=5", null, false)]
    public void TheVirtualHostIsThePathOfTheUrl(string url, string? virtualHost, bool valid)
    {
        Assert.Equal(valid, RabbitMqSettings.CheckUrl(new Uri(url)) is null);
        if (valid)
        {
            Assert.Equal(virtualHost, RabbitMqSettings.VirtualHost(new Uri(url)));
        }
    }

    [Fact]
    public void SomethingHasToSayWhereMessagesGo()
    {
        Assert.Equal("settings.routingKey", Assert.Single(RabbitMqDestination.Kind.CheckSettings!(SomeSettings.Own(new { }))).Field);
        Assert.Empty(RabbitMqDestination.Kind.CheckSettings!(SomeSettings.Own(new { exchange = "audit" })));
        Assert.Equal("settings.exchange", Assert.Single(RabbitMqDestination.Kind.CheckSettings!(SomeSettings.Own(new { exchange = new string('x', 256) }))).Field);
    }
}
