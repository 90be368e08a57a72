using System.Text.Json.Nodes;

namespace SiemForwarder.Service.Integrations.Presets;

/// <summary>What an integration with one product usually needs, and how that product is prepared.</summary>
internal sealed record DestinationPreset
{
    /// <summary>Stable id, lower_snake_case, stored.</summary>
    public required string Id { get; init; }

    public required string Title { get; init; }

    /// <summary>One sentence for people who choose.</summary>
    public required string Description { get; init; }

    /// <summary>What to do in the product, click by click.</summary>
    public required IReadOnlyList<string> Steps { get; init; }

    /// <summary>The vendor's page.</summary>
    public required string Documentation { get; init; }

    /// <summary>Kind id of the destination catalogue.</summary>
    public required string Destination { get; init; }

    /// <summary>Scheme of a server URL that is given as a host alone.</summary>
    public required string Protocol { get; init; }

    /// <summary>Port of a URL with that scheme that names none; null where the kind's usual one is meant.</summary>
    public int? Port { get; init; }

    /// <summary>The URL where none is given at all; null where only the administrator knows it.</summary>
    public string? ServerUrl { get; init; }

    public required string OutputType { get; init; }

    public string? Schema { get; init; }

    public SyslogContract? Syslog { get; init; }

    public HttpContract? Http { get; init; }

    /// <summary>How much one batch may hold; null where the destination's own limit is meant.</summary>
    public BatchContract? Batch { get; init; }

    /// <summary>Header that carries a credential which is given without its name; null where the destination knows its own.</summary>
    public string? HeaderName { get; init; }

    /// <summary>What the destination alone has, as a JSON object.</summary>
    public string? Settings { get; init; }

    /// <summary>The least that an administrator has to add, as a JSON object; without name and preset it is a whole request.</summary>
    public required string Example { get; init; }

    public JsonObject ReadSettings() => Settings is null ? [] : (JsonObject)JsonNode.Parse(Settings)!;
}
