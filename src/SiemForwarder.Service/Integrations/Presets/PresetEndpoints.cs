using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Integrations.Presets;

/// <summary>The usual settings for one product, and how to prepare that product.</summary>
/// <param name="Id">Value of an integration's field <c>preset</c>.</param>
/// <param name="Steps">Steps in the product, click by click.</param>
/// <param name="Documentation">The vendor's page.</param>
/// <param name="Fills">The integration fields that it fills in if a request omits them.</param>
/// <param name="HeaderName">Header for a credential given without a header name.</param>
/// <param name="Example">The minimum that has to be given; post it to create a disabled integration.</param>
public sealed record PresetResponse(
    string Id, string Title, string Description, IReadOnlyList<string> Steps, string Documentation, JsonElement Fills, string? HeaderName, JsonElement Example);

/// <summary>The resource <c>presets</c>.</summary>
internal static class PresetEndpoints
{
    // Above its users, because static members are initialized in order.
    private static readonly JsonSerializerOptions Options =
        new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };

    private static readonly List<PresetResponse> Shown = [.. PresetCatalog.All.Select(Show)];

    public static void MapPresets(this IEndpointRouteBuilder routes) => routes
        .MapGet("/api/v1/presets", List).WithTags("Catalogues").WithName("ListPresets").Needs(Permission.ReadSettings)
        .WithSummary("Lists presets for common products: the fields that each preset fills in, the steps in the product, and an example.");

    private static Results<Ok<ListPage<PresetResponse>>, ValidationProblem> List([AsParameters] WholeListQuery query) => query.Cut(Shown);

    private static PresetResponse Show(DestinationPreset preset)
    {
        var fills = new JsonObject
        {
            ["destination"] = preset.Destination,
            ["protocol"] = preset.Protocol,
            ["outputType"] = preset.OutputType,
        };
        Add("serverUrl", preset.ServerUrl);
        Add("port", preset.Port);
        Add("schema", preset.Schema);
        Add("syslog", preset.Syslog);
        Add("http", preset.Http);
        Add("batch", preset.Batch);
        if (preset.ReadSettings() is { Count: > 0 } settings)
        {
            fills["settings"] = settings;
        }

        var example = (JsonObject)JsonNode.Parse(preset.Example)!;
        example.Insert(0, "preset", preset.Id);
        example.Insert(0, "name", preset.Title);
        return new PresetResponse(
            preset.Id, preset.Title, preset.Description, preset.Steps, preset.Documentation, JsonSerializer.SerializeToElement(fills), preset.HeaderName,
            JsonSerializer.SerializeToElement(example));

        void Add<T>(string name, T? value)
        {
            if (value is not null)
            {
                fills[name] = JsonSerializer.SerializeToNode(value, Options);
            }
        }
    }
}
