using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Detections;

/// <summary>What is watched for one ATT&amp;CK technique.</summary>
/// <param name="Technique">The technique: <c>T1110.003</c>.</param>
/// <param name="State"><c>Watched</c>, <c>Blind</c> if every enabled rule is blind in some source or in Error, <c>Off</c> if no rule is enabled.</param>
/// <param name="Rules">Titles of the enabled rules.</param>
/// <param name="Available">Titles of the rules that are off.</param>
/// <param name="Reasons">Why rules are blind.</param>
/// <param name="Sources">Each source that enabled rules read for it.</param>
public sealed record CoverageResponse(
    string Technique, string State, IReadOnlyList<string> Rules, IReadOnlyList<string> Available, IReadOnlyList<string> Reasons,
    IReadOnlyList<SourceCoverage> Sources);

/// <summary>Whether a technique is watched in one source.</summary>
/// <param name="Source">Name of the source.</param>
/// <param name="State"><c>Watched</c>, or <c>Blind</c> if every enabled rule that reads the source is blind there or in Error.</param>
/// <param name="Reasons">Why rules are blind there.</param>
public sealed record SourceCoverage(string Source, string State, IReadOnlyList<string> Reasons);

/// <summary>Shows what the rules watch, backtests and the coverage of ATT&amp;CK.</summary>
internal static class CoverageEndpoints
{
    public static void MapCoverage(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/rules").WithTags("Detections");
        group.MapGet("/coverage", Coverage).WithName("ListCoverage").Needs(Permission.ReadSettings)
            .WithSummary("Lists the ATT&CK techniques that rules are for: watched, in which source, blind with the reason, or off.");
        group.MapGet("/navigator-layer", Layer).WithName("GetNavigatorLayer").Needs(Permission.ReadSettings).Produces<JsonObject>()
            .WithSummary("Returns the coverage as a layer for MITRE's ATT&CK Navigator.");
    }

    private static async Task<Results<Ok<ListPage<CoverageResponse>>, ValidationProblem>> Coverage(
        [AsParameters] WholeListQuery query, CoverageReading reading, CancellationToken cancellationToken) =>
        query.Cut(await reading.ReadAsync(cancellationToken));

    // The format of ATT&CK Navigator layers, version 4.5 (mitre-attack/attack-navigator, layers/spec).
    private static async Task<Ok<JsonObject>> Layer(CoverageReading reading, CancellationToken cancellationToken)
    {
        var techniques = (await reading.ReadAsync(cancellationToken)).Select(one => (JsonNode)new JsonObject
        {
            ["techniqueID"] = one.Technique,
            ["score"] = one.State switch { CoverageReading.Watched => 100, CoverageReading.Blind => 50, _ => 0 },
            ["color"] = one.State switch { CoverageReading.Watched => "#8ec843", CoverageReading.Blind => "#fcbf6b", _ => "#d9d9d9" },
            ["comment"] = CommentOf(one),
            ["enabled"] = true,
        });
        return TypedResults.Ok(new JsonObject
        {
            ["name"] = "SiemForwarder detections",
            ["versions"] = new JsonObject { ["attack"] = "17", ["navigator"] = "5.1.0", ["layer"] = "4.5" },
            ["domain"] = "enterprise-attack",
            ["description"] = "What the detection rules of this forwarder watch.",
            ["techniques"] = new JsonArray([.. techniques]),
            ["legendItems"] = new JsonArray(
                new JsonObject { ["label"] = "watched", ["color"] = "#8ec843" }, new JsonObject { ["label"] = "blind", ["color"] = "#fcbf6b" },
                new JsonObject { ["label"] = "off", ["color"] = "#d9d9d9" }),
        });
    }

    private static string CommentOf(CoverageResponse one) => string.Join(
        '\n',
        [.. one.Rules, .. one.Sources.Select(source => $"{source.Source}: {source.State}"), .. one.Reasons, .. one.Available.Select(title => $"off: {title}")]);
}
