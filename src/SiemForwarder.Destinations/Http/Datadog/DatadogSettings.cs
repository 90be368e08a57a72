using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http.Datadog;

/// <summary>What only Datadog has.</summary>
internal sealed record DatadogSettings(Secret ApiKey, string Source, string Service, string? Tags, Uri? ApiUrl, IReadOnlyList<SettingFault> Faults)
{
    private const string IntakePrefix = "http-intake.logs.";

    // Datadog's own pipeline for 'keycloak' parses server log lines, not events.
    private const string UsualSource = "keycloak-siem";

    public static DestinationField[] Fields { get; } =
    [
        new("settings.apiKey", DestinationFieldType.Text, "API key; not an application key.") { Secret = true, Required = true },
        new("settings.source", DestinationFieldType.Text, "Attribute ddsource, which chooses the pipeline.") { Default = UsualSource },
        new("settings.service", DestinationFieldType.Text, "Attribute service.") { Default = "keycloak" },
        new("settings.tags", DestinationFieldType.Text, "Tags, separated by commas: env:prod,team:iam."),
        new("settings.apiUrl", DestinationFieldType.Url,
            "API that a test asks whether it knows the key; https://api. and the site of the server URL where it is missing."),
    ];

    public static DatadogSettings Read(SettingReader reader)
    {
        Uri? apiUrl = null;
        if (reader.Text("apiUrl") is { } text
            && (!Uri.TryCreate(text, UriKind.Absolute, out apiUrl) || apiUrl.Scheme is not ("https" or "http") || apiUrl.UserInfo.Length > 0))
        {
            reader.Fault("apiUrl", "Must be a URL such as https://api.datadoghq.eu, without a user name or password.");
            apiUrl = null;
        }

        var settings = new DatadogSettings(
            new Secret(reader.Required("apiKey", "Give an API key of the organisation.")),
            reader.Text("source") ?? UsualSource, reader.Text("service") ?? "keycloak", reader.Text("tags"), apiUrl, []);
        return settings with { Faults = reader.Faults };
    }

    /// <summary>Where to ask whether the key is known; null where the intake is not one of Datadog's own and no API is named.</summary>
    public Uri? ApiUrlFor(Uri serverUrl) => ApiUrl
        ?? (serverUrl.Host.StartsWith(IntakePrefix, StringComparison.OrdinalIgnoreCase)
            ? new Uri($"https://api.{serverUrl.Host[IntakePrefix.Length..]}")
            : null);
}
