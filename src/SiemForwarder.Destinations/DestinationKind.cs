using System.Text.Json;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations;

/// <summary>One kind of destination: its stable id, what it needs, what it can promise, and how to open it.</summary>
public sealed record DestinationKind
{
    /// <summary>Stable id, lower_snake_case, stored.</summary>
    public required string Id { get; init; }

    /// <summary>Name for people.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence for people who choose.</summary>
    public required string Description { get; init; }

    /// <summary>Port by URL scheme, for URLs that name none, 0 where there are no ports; the keys are the schemes that the kind takes.</summary>
    public required IReadOnlyDictionary<string, int> DefaultPorts { get; init; }

    /// <summary>URL schemes that the kind takes, lower case.</summary>
    public IEnumerable<string> Schemes => DefaultPorts.Keys;

    /// <summary>Those of its schemes that speak TLS.</summary>
    public IReadOnlyList<string> TlsSchemes { get; init; } = ["tls", "https"];

    /// <summary>Says in a sentence what is wrong with a URL; null where only the usual rules hold: a host, and a path over HTTP alone.</summary>
    public Func<Uri, string?>? CheckServerUrl { get; init; }

    /// <summary>Whether an event stands for itself, without a syslog header in front, and is JSON unless said otherwise.</summary>
    public bool CarriesBareEvents { get => field || DefaultPorts.ContainsKey("https"); init; }

    /// <summary>Whether it writes to the engine's machine, which its operator has to allow (<see cref="DestinationSettings.LocalFolder"/>).</summary>
    public bool NeedsLocalFolder { get; init; }

    /// <summary>Which kind of success it can give.</summary>
    public required Acceptance Acceptance { get; init; }

    /// <summary>What an integration with this destination can or must set, by the names of the API.</summary>
    public required IReadOnlyList<DestinationField> Fields { get; init; }

    /// <summary>Which kind of success it gives with these settings, where that depends on them; null where <see cref="Acceptance"/> says all.</summary>
    public Func<JsonElement?, Acceptance>? AcceptanceWith { get; init; }

    /// <summary>Checks what only this destination has, secrets revealed; null where it has nothing of its own.</summary>
    public Func<JsonElement?, IReadOnlyList<SettingFault>>? CheckSettings { get; init; }

    /// <summary>Where it is described, as a path in the repository.</summary>
    public string Documentation { get; init; } = "README.md#destinations";

    /// <summary>Opens a destination; connects to nothing yet.</summary>
    public required Func<DestinationSettings, TimeProvider, IDestination> Open { get; init; }
}
