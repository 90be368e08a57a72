using System.Text.Json;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations;

/// <summary>One kind of destination: its stable id, its settings, the delivery it can guarantee, and how to open it.</summary>
public sealed record DestinationKind
{
    /// <summary>Stable id, lower_snake_case, stored.</summary>
    public required string Id { get; init; }

    /// <summary>Display name.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence to help people choose.</summary>
    public required string Description { get; init; }

    /// <summary>Default port by URL scheme, 0 if the scheme has no ports; the keys are the supported schemes.</summary>
    public required IReadOnlyDictionary<string, int> DefaultPorts { get; init; }

    /// <summary>Supported URL schemes, in lower case.</summary>
    public IEnumerable<string> Schemes => DefaultPorts.Keys;

    /// <summary>The schemes that use TLS.</summary>
    public IReadOnlyList<string> TlsSchemes { get; init; } = ["tls", "https"];

    /// <summary>What is wrong with a URL, in a sentence; null if only the usual rules apply: a host, and a path only over HTTP.</summary>
    public Func<Uri, string?>? CheckServerUrl { get; init; }

    /// <summary>Whether an event is sent without a syslog header, as JSON by default.</summary>
    public bool CarriesBareEvents { get => field || DefaultPorts.ContainsKey("https"); init; }

    /// <summary>Whether it writes to the engine's machine, which the operator must allow (<see cref="DestinationSettings.LocalFolder"/>).</summary>
    public bool NeedsLocalFolder { get; init; }

    /// <summary>The kind of success it can report.</summary>
    public required Acceptance Acceptance { get; init; }

    /// <summary>What an integration with this destination can or must set, by API name.</summary>
    public required IReadOnlyList<DestinationField> Fields { get; init; }

    /// <summary>The kind of success it reports with these settings, if it depends on them; null if <see cref="Acceptance"/> always applies.</summary>
    public Func<JsonElement?, Acceptance>? AcceptanceWith { get; init; }

    /// <summary>Validates the destination-specific settings, with secrets revealed; null if there are none.</summary>
    public Func<JsonElement?, IReadOnlyList<SettingFault>>? CheckSettings { get; init; }

    /// <summary>Path of its documentation in the repository.</summary>
    public string Documentation { get; init; } = "README.md#destinations";

    /// <summary>Opens a destination without connecting yet.</summary>
    public required Func<DestinationSettings, TimeProvider, IDestination> Open { get; init; }
}
