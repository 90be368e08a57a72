using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Kafka;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Destinations.Kafka;

/// <summary>What needs no broker; with brokers: KafkaTests of the end-to-end tests.</summary>
public sealed class KafkaDestinationTests : NetworkDestinationContract
{
    protected override string Scheme => "kafka";

    internal override IDestination Open(DestinationSettings settings) => KafkaDestination.Kind.Open(
        settings with
        {
            Authentication = new AuthenticationSettings(AuthenticationType.Basic, "forwarder", new Secret(SecretText)),
            Settings = SomeSettings.Own(new { topic = "keycloak", mechanism = "PLAIN" }),
        },
        TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Theory]
    [InlineData(TcpReceiverConduct.CloseAtOnce)]
    [InlineData(TcpReceiverConduct.ResetAtFirstBytes)]
    public async Task ABrokerThatGoesAwayIsTransient(TcpReceiverConduct conduct)
    {
        await using var receiver = TcpSyslogReceiver.Start(new() { Conduct = conduct });
        await using var destination = Open(SomeSettings.For($"kafka://127.0.0.1:{receiver.Port}", TimeSpan.FromSeconds(1)));

        var outcome = Assert.IsType<DeliveryOutcome.Transient>(await destination.SendAsync(Batch(), Soon));

        AssertReadable(outcome.Reason);
    }

    [Theory]
    [InlineData("kafka://h", true)]
    [InlineData("kafkas://kafka-1.example.com:9094/", true)]
    [InlineData("kafka://[::1]:9092", true)]
    [InlineData("kafka://h/topic", false)]
    [InlineData("kafka://h?acks=0", false)]
    public void TheUrlNamesABrokerAndNothingElse(string url, bool valid) => Assert.Equal(valid, KafkaSettings.CheckUrl(new Uri(url)) is null);

    [Fact]
    public void WhatIsWrongWithTheSettingsIsToldByField()
    {
        Assert.Equal(["settings.topic"], Faults(new { }));
        Assert.Equal(["settings.topic"], Faults(new { topic = "a b" }));
        Assert.Equal(["settings.key", "settings.mechanism", "settings.compression"], Faults(new { topic = "t", key = "ip", mechanism = "GSSAPI", compression = "rar" }));
        Assert.Equal(["settings.brokers"], Faults(new { topic = "t", brokers = "h:9092,user@h" }));
        Assert.Empty(Faults(new { topic = "t", brokers = "a, b:9094, [::1]:9092" }));

        static IEnumerable<string> Faults(object own) => KafkaDestination.Kind.CheckSettings!(SomeSettings.Own(own)).Select(fault => fault.Field);
    }
}
