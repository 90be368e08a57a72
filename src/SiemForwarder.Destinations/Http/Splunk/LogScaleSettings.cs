using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http.Splunk;

/// <summary>What only LogScale has.</summary>
internal sealed record LogScaleSettings(
    Secret Token, string Path, string? Host, string? Source, string? SourceType, IReadOnlyList<SettingFault> Faults)
{
    private const string UsualPath = "/api/v1/ingest/hec";

    public static DestinationField[] Fields { get; } =
    [
        new("settings.token", DestinationFieldType.Text, "Ingest token, or the connector's API key.") { Secret = true, Required = true },
        new("settings.path", DestinationFieldType.Text,
            "Path of the intake; a Next-Gen SIEM connector shows its own, such as /services/collector.") { Default = UsualPath },
        new("settings.source", DestinationFieldType.Text, "Source of the events; keycloak: and the name of the source where it is missing."),
        new("settings.sourceType", DestinationFieldType.Text, "Source type; the parser of the token where it is missing."),
        new("settings.host", DestinationFieldType.Text, "Host of the events; the Keycloak server's where it is missing."),
    ];

    public static LogScaleSettings Read(SettingReader reader)
    {
        var token = reader.Required("token", "Give an ingest token of the repository, or the connector's API key.");
        var path = reader.Text("path") ?? UsualPath;
        if (path[0] != '/' || !Uri.IsWellFormedUriString(path, UriKind.Relative))
        {
            reader.Fault("path", "Must begin with a slash, such as /api/v1/ingest/hec.");
            path = UsualPath;
        }

        var settings = new LogScaleSettings(new Secret(token), path.TrimEnd('/'), reader.Text("host"), reader.Text("source"), reader.Text("sourceType"), []);
        return settings with { Faults = reader.Faults };
    }
}
