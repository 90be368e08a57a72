using SiemForwarder.Destinations;

namespace SiemForwarder.Tests.Destinations;

/// <summary>Settings of destinations under test, with bounds short enough to wait for.</summary>
internal static class SomeSettings
{
    public const string IntegrationName = "corp-siem";

    /// <summary>What only one destination has, as the API passes it on.</summary>
    public static System.Text.Json.JsonElement Own(object settings) => System.Text.Json.JsonSerializer.SerializeToElement(settings);

    public static DestinationSettings For(string url, TimeSpan? timeout = null)
    {
        var uri = new Uri(url);
        return new DestinationSettings
        {
            IntegrationName = IntegrationName,
            ServerUrl = uri,
            Port = uri.Port > 0 ? uri.Port : DestinationCatalog.DefaultPort(uri.Scheme) ?? 0,
            Timeout = timeout ?? TimeSpan.FromSeconds(10),
        };
    }
}
