using SiemForwarder.Destinations;
using SiemForwarder.Destinations.Kafka;

namespace SiemForwarder.Tests.Destinations.Kafka;

/// <summary>It is Kafka's destination with settings of its own; Azure itself cannot be had here.</summary>
public sealed class EventHubsDestinationTests : NetworkDestinationContract
{
    private const string ConnectionString = $"Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey={SecretText}";

    protected override string Scheme => "kafka";

    internal override IDestination Open(DestinationSettings settings) => EventHubsDestination.Kind.Open(
        settings with { Settings = SomeSettings.Own(new { eventHub = "keycloak", connectionString = ConnectionString }) }, TimeProvider.System);

    internal override DeliveryBatch Batch(int count = 2) => SomeBatch.Json(count);

    [Fact]
    public void WhatIsWrongWithTheSettingsIsToldByField()
    {
        Assert.Empty(Faults(new { eventHub = "keycloak", connectionString = ConnectionString }));
        Assert.Equal(["settings.connectionString", "settings.eventHub"], Faults(new { }));
        Assert.Equal(["settings.connectionString"], Faults(new { eventHub = "keycloak", connectionString = "SharedAccessKey=only" }));

        static IEnumerable<string> Faults(object own) => EventHubsDestination.Kind.CheckSettings!(SomeSettings.Own(own)).Select(fault => fault.Field);
    }

    [Fact]
    public void TheConnectionStringIsAPasswordForTheWholeNamespace()
    {
        Assert.Contains(EventHubsDestination.Kind.Fields, field => field is { Name: "settings.connectionString", Secret: true });
        Assert.Equal("PLAIN", EventHubsSettings.Read(new SettingReader(SomeSettings.Own(new { eventHub = "e", connectionString = ConnectionString }))).ToKafka().Mechanism);
    }
}
