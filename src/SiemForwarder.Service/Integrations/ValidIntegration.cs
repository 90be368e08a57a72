using SiemForwarder.Connections;
using SiemForwarder.Destinations;

namespace SiemForwarder.Service.Integrations;

/// <summary>An integration that passed the rules, ready to be stored.</summary>
internal sealed record ValidIntegration(
    string Name,
    string Description,
    bool Enabled,
    string EnginePool,
    DestinationKind Kind,
    Uri ServerUrl,
    IntegrationSettings Settings,
    IReadOnlyDictionary<string, Secret> Secrets,
    StartOfBackfill? Backfill = null,
    string? Preset = null,
    bool NewSourcesFromStart = false);
