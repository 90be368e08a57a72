using System.Text.Json.Nodes;

namespace SiemForwarder.Service.Integrations.Presets;

/// <summary>The usual settings for one product, and how to prepare that product.</summary>
internal sealed record DestinationPreset
{
    /// <summary>Stable id, lower_snake_case, stored.</summary>
    public required string Id { get; init; }

    public required string Title { get; init; }

    /// <summary>One sentence that helps to choose.</summary>
    public required string Description { get; init; }

    /// <summary>Steps in the product, click by click.</summary>
    public required IReadOnlyList<string> Steps { get; init; }

    /// <summary>The vendor's page.</summary>
    public required string Documentation { get; init; }

    /// <summary>Kind id of the destination catalogue.</summary>
    public required string Destination { get; init; }

    /// <summary>Scheme for a server URL that is only a host.</summary>
    public required string Protocol { get; init; }

    /// <summary>Port for a URL with that scheme and no port; null for the default of the kind.</summary>
    public int? Port { get; init; }

    /// <summary>The URL if none is given; null if only the administrator knows it.</summary>
    public string? ServerUrl { get; init; }

    public required string OutputType { get; init; }

    public string? Schema { get; init; }

    public SyslogContract? Syslog { get; init; }

    public HttpContract? Http { get; init; }

    /// <summary>Limits of a batch; null for the destination's own limits.</summary>
    public BatchContract? Batch { get; init; }

    /// <summary>Header for a credential given without a header name; null if the destination has its own.</summary>
    public string? HeaderName { get; init; }

    /// <summary>Settings that only this kind of destination has, as a JSON object.</summary>
    public string? Settings { get; init; }

    /// <summary>The minimum that an administrator has to add, as a JSON object; a complete request except for name and preset.</summary>
    public required string Example { get; init; }

    public JsonObject ReadSettings() => Settings is null ? [] : (JsonObject)JsonNode.Parse(Settings)!;
}
