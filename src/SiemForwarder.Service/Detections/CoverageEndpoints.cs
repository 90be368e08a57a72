using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Detections;

/// <summary>What is watched for one ATT&amp;CK technique.</summary>
/// <param name="Technique">The technique: <c>T1110.003</c>.</param>
/// <param name="State"><c>Watched</c>, <c>Blind</c> if every enabled rule is blind in some source or in Error, <c>Off</c> if no rule is enabled.</param>
/// <param name="Rules">Titles of the enabled rules.</param>
/// <param name="Available">Titles of the rules that are off.</param>
/// <param name="Reasons">Why rules are blind.</param>
public sealed record CoverageResponse(
    string Technique, string State, IReadOnlyList<string> Rules, IReadOnlyList<string> Available, IReadOnlyList<string> Reasons);

/// <summary>Shows what the rules watch, backtests and the coverage of ATT&amp;CK.</summary>
internal static class CoverageEndpoints
{
    private const string Watched = "Watched";
    private const string Blind = "Blind";
    private const string Off = "Off";

    public static void MapCoverage(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/rules").WithTags("Detections");
        group.MapGet("/coverage", Coverage).WithName("ListCoverage").Needs(Permission.ReadSettings)
            .WithSummary("Lists the ATT&CK techniques that rules are for: watched, blind with the reason, or off.");
        group.MapGet("/navigator-layer", Layer).WithName("GetNavigatorLayer").Needs(Permission.ReadSettings).Produces<JsonObject>()
            .WithSummary("Returns the coverage as a layer for MITRE's ATT&CK Navigator.");
    }

    private static async Task<Results<Ok<ListPage<CoverageResponse>>, ValidationProblem>> Coverage(
        [AsParameters] WholeListQuery query, RuleShelf shelf, RuleViews views, CancellationToken cancellationToken) =>
        query.Cut(await ReadAsync(shelf, views, cancellationToken));

    // The format of ATT&CK Navigator layers, version 4.5 (mitre-attack/attack-navigator, layers/spec).
    private static async Task<Ok<JsonObject>> Layer(RuleShelf shelf, RuleViews views, CancellationToken cancellationToken)
    {
        var techniques = (await ReadAsync(shelf, views, cancellationToken)).Select(one => (JsonNode)new JsonObject
        {
            ["techniqueID"] = one.Technique,
            ["score"] = one.State switch { Watched => 100, Blind => 50, _ => 0 },
            ["color"] = one.State switch { Watched => "#8ec843", Blind => "#fcbf6b", _ => "#d9d9d9" },
            ["comment"] = string.Join('\n', one.Rules.Concat(one.Reasons).Concat(one.Available.Select(title => $"off: {title}"))),
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

    private static async Task<IReadOnlyList<CoverageResponse>> ReadAsync(RuleShelf shelf, RuleViews views, CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        var figures = await views.ReadFiguresAsync(cancellationToken);
        var all = library.Compile(library.Files.Keys);
        var rules = all.All.Where(rule => rule.Head.Level != RuleLevel.Informational)
            .SelectMany(rule => rule.Head.Techniques.Distinct(StringComparer.Ordinal).Select(technique => (technique, rule)));
        return
        [
            .. rules.GroupBy(one => one.technique, one => one.rule).OrderBy(one => one.Key, StringComparer.Ordinal).Select(one =>
            {
                var enabled = one.Where(rule => library.Files[rule.File].Enabled).ToList();
                var reasons = enabled.SelectMany(rule => figures.Blind[rule.Head.Key].Select(spot => spot.Reason)).Distinct(StringComparer.Ordinal).ToList();
                var sees = enabled.Exists(rule => !figures.Blind.Contains(rule.Head.Key) && figures.Reports.GetValueOrDefault(rule.Head.Key)?.Fault is null);
                return new CoverageResponse(
                    one.Key, enabled.Count == 0 ? Off : sees ? Watched : Blind, [.. enabled.Select(rule => rule.Head.Title)],
                    [.. one.Where(rule => !library.Files[rule.File].Enabled).Select(rule => rule.Head.Title)], reasons);
            }),
        ];
    }
}
