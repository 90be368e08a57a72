using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Detections;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Detections;

/// <summary>The resource <c>rule-lists</c>.</summary>
internal static partial class RuleListEndpoints
{
    private const string Thing = "list";
    private const int MaxValues = 10_000;
    private const int MaxCharacters = 500;

    public static void MapRuleLists(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/rule-lists").WithTags("Detections");
        group.MapGet("/", List).WithName("ListRuleLists").Needs(Permission.ReadSettings)
            .WithSummary("Lists the values of placeholders in rules, such as %admins%, and which rule files use them.");
        group.MapGet("/{name}", Get).WithName("GetRuleList").Needs(Permission.ReadSettings).ShowsVersion()
            .WithSummary("Returns a list; the ETag is its version.");
        group.MapGet("/{name}/history", History).WithName("ListRuleListHistory").Needs(Permission.ReadSettings)
            .WithSummary("Lists what a list held over time and who changed it, the newest first.");
        group.MapPut("/{name}", Put).WithName("UpdateRuleList").Needs(Permission.Configure).AsksForVersion()
            .WithSummary("Creates or replaces a list; rules that use it learn anew. Requires If-Match, * for a new list.");
        group.MapDelete("/{name}", Delete).WithName("DeleteRuleList").Needs(Permission.Configure).AsksForVersion()
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithSummary("Deletes a list of your own; one that comes with the forwarder has its own values again. Requires If-Match.");
    }

    private static async Task<Results<Ok<ListPage<RuleListResponse>>, ValidationProblem>> List(
        [AsParameters] WholeListQuery query, RuleShelf shelf, CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        return query.Cut<RuleListResponse>([.. library.Lists.Values.OrderBy(list => list.Name, StringComparer.Ordinal).Select(list => Show(library, list))]);
    }

    private static async Task<Results<Ok<RuleListResponse>, ProblemHttpResult>> Get(
        string name, RuleShelf shelf, HttpResponse response, CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        if (!library.Lists.TryGetValue(name, out var list))
        {
            return Problems.NotFound(Thing, name);
        }

        EntityTag.Set(response, list.Version);
        return TypedResults.Ok(Show(library, list));
    }

    private static async Task<Results<Ok<ListPage<RuleListVersion>>, ValidationProblem>> History(
        string name, [AsParameters] WholeListQuery query, RuleListHistory history, CancellationToken cancellationToken) =>
        query.Cut(await history.ReadAsync(name, cancellationToken));

    private static async Task<Results<Ok<RuleListResponse>, ValidationProblem, ProblemHttpResult>> Put(
        string name, RuleListRequest request, RuleTable table, RuleShelf shelf, HttpContext http, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        Check(name, request.Values, errors);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var library = await shelf.ReadAsync(cancellationToken);
        var version = library.Lists.GetValueOrDefault(name)?.Version ?? 0;
        if (EntityTag.Refuse(http.Request, Thing, version) is { } refusal)
        {
            return refusal;
        }

        var values = request.Values!.Distinct(StringComparer.Ordinal).ToList();
        if (await table.SaveListAsync(name, values, version, Caller.Of(http.User)!.Name, cancellationToken) != ChangeResult.Done)
        {
            return Problems.Stale(Thing);
        }

        library = await shelf.ReadAsync(cancellationToken);
        EntityTag.Set(http.Response, library.Lists[name].Version);
        return TypedResults.Ok(Show(library, library.Lists[name]));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(
        string name, RuleTable table, RuleShelf shelf, HttpContext http, CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        if (!library.Lists.TryGetValue(name, out var list))
        {
            return Problems.NotFound(Thing, name);
        }

        if (EntityTag.Refuse(http.Request, Thing, list.Version) is { } refusal)
        {
            return refusal;
        }

        var isPack = DetectionPack.Lists.ContainsKey(name);
        if (!isPack && Users(library, name).ToList() is { Count: > 0 } users)
        {
            return TypedResults.Problem(
                $"These rule files use the list '{name}': {string.Join(", ", users)}. Change them first.", statusCode: StatusCodes.Status409Conflict,
                title: "List in use");
        }

        return list.Version == 0 || await table.DeleteListAsync(name, list.Version, Caller.Of(http.User)!.Name, cancellationToken) == ChangeResult.Done
            ? TypedResults.NoContent()
            : Problems.Stale(Thing);
    }

    /// <summary>A list as the API shows it.</summary>
    public static RuleListResponse Show(RuleLibrary library, StoredList list) => new(
        list.Name, list.Entries, list.Version, list.Version == 0 ? "pack" : "own", [.. Users(library, list.Name)]);

    private static IEnumerable<string> Users(RuleLibrary library, string list) =>
        library.Files.Values.Where(file => Names(RuleLibrary.BodyOf(file), list)).Select(file => file.Name).Order(StringComparer.Ordinal);

    private static bool Names(string body, string list) =>
        body.Contains($"%{list}%", StringComparison.Ordinal) || body.Contains($"ip.list.{list}", StringComparison.Ordinal);

    /// <summary>Checks name and values of a list.</summary>
    public static void Check(string name, IReadOnlyList<string>? values, FieldErrors errors)
    {
        if (!Name().IsMatch(name))
        {
            errors.Add("name", "Give the list a name of at most 100 lower-case letters, digits and underscores.");
        }

        if (values is null || values.Count > MaxValues)
        {
            errors.Add("values", $"Give at most {MaxValues} values.");
        }

        errors.NoneEmpty("values", values);
        if (values?.Any(value => value?.Length > MaxCharacters) == true)
        {
            errors.Add("values", $"A value has at most {MaxCharacters} characters.");
        }
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9_]{0,99}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Name();
}
