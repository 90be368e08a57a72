using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Detections;

/// <summary>The resource <c>rules</c>.</summary>
internal static class RuleEndpoints
{
    private const string Thing = "rule file";
    private const string MediaType = "application/yaml";

    public static void MapRules(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/rules").WithTags("Detections");
        group.MapGet("/", List).WithName("ListRules").Needs(Permission.ReadSettings)
            .WithSummary("Lists the rule files, those that come with the forwarder and your own, with the state, hits and alerts of their rules.");
        group.MapGet("/{name}", Get).WithName("GetRule").Needs(Permission.ReadSettings).ShowsVersion()
            .WithSummary("Returns a rule file with its YAML and fixtures; the ETag is its version.");
        group.MapGet("/{name}/yaml", GetYaml).WithName("GetRuleYaml").Needs(Permission.ReadSettings).Produces<string>(StatusCodes.Status200OK, MediaType)
            .WithSummary("Returns the YAML of a rule file as it was saved.");
        group.MapPost("/", Create).WithName("CreateRule").Needs(Permission.Configure).ProducesProblem(StatusCodes.Status409Conflict)
            .WithSummary("Creates a rule file. Its fixtures are run first; what they contradict is not saved.");
        group.MapPost("/check", Check).WithName("CheckRule").Needs(Permission.ReadSettings)
            .WithSummary("Checks a rule file without saving it: every fault, what to look at, and what its fixtures show.");
        group.MapPut("/{name}", Update).WithName("UpdateRule").Needs(Permission.Configure).AsksForVersion()
            .WithSummary("Replaces a rule file of your own; of one that comes with the forwarder, only enabled and expectedAlertsPerDay. Requires If-Match.");
        group.MapDelete("/{name}", Delete).WithName("DeleteRule").Needs(Permission.Configure).AsksForVersion()
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithSummary("Deletes a rule file of your own; one that comes with the forwarder can only be switched off. Requires If-Match.");
        group.MapPost("/{name}/enable", Enable).WithName("EnableRule").Needs(Permission.Configure).ProducesProblem(StatusCodes.Status409Conflict)
            .WithSummary("Switches the rules of a file on; they learn from stored events, and alert on those that arrive from now on.");
        group.MapPost("/{name}/disable", Disable).WithName("DisableRule").Needs(Permission.Configure).ProducesProblem(StatusCodes.Status409Conflict)
            .WithSummary("Switches the rules of a file off; what they remember is forgotten.");
    }

    private static async Task<Results<Ok<ListPage<RuleFileResponse>>, ValidationProblem>> List(
        [AsParameters] WholeListQuery query, RuleShelf shelf, RuleViews views, CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        var figures = await views.ReadFiguresAsync(cancellationToken);
        return query.Cut<RuleFileResponse>(
            [.. library.Files.Values.OrderBy(file => file.Name, StringComparer.Ordinal).Select(file => Show(library, file, figures, withText: false))]);
    }

    private static async Task<Results<Ok<RuleFileResponse>, ProblemHttpResult>> Get(
        string name, RuleShelf shelf, RuleViews views, HttpResponse response, CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        return library.Files.TryGetValue(name, out var file)
            ? TypedResults.Ok(await ShowAsync(library, file, views, response, cancellationToken))
            : Problems.NotFound(Thing, name);
    }

    private static async Task<Results<ContentHttpResult, ProblemHttpResult>> GetYaml(string name, RuleShelf shelf, CancellationToken cancellationToken) =>
        (await shelf.ReadAsync(cancellationToken)).Files.TryGetValue(name, out var file)
            ? TypedResults.Text(RuleLibrary.BodyOf(file), MediaType)
            : Problems.NotFound(Thing, name);

    private static async Task<Ok<RuleCheckResponse>> Check(RuleRequest request, RuleShelf shelf, CancellationToken cancellationToken)
    {
        var name = string.IsNullOrEmpty(request.Name) ? "new" : request.Name;
        return TypedResults.Ok(RuleCheck.Run(await shelf.ReadAsync(cancellationToken), name, request.Yaml ?? "", request.Fixtures));
    }

    private static async Task<Results<Created<RuleFileResponse>, ValidationProblem, ProblemHttpResult>> Create(
        RuleRequest request, RuleTable table, RuleShelf shelf, RuleViews views, HttpResponse response, CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        var errors = new FieldErrors();
        RuleCheck.CheckRequest(request.Name, request, errors);
        if (!errors.Any)
        {
            RuleCheck.AddFaults(RuleCheck.Run(library, request.Name!, request.Yaml!, request.Fixtures), errors);
        }

        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var rule = new StoredRule(
            request.Name!, false, request.Enabled ?? false, request.Yaml, request.Fixtures, request.ExpectedAlertsPerDay, 0, null);
        if (library.Files.ContainsKey(rule.Name) || await table.SaveAsync(rule, cancellationToken) != ChangeResult.Done)
        {
            return Problems.NameTaken(Thing, rule.Name);
        }

        var stored = await shelf.ReadAsync(cancellationToken);
        return stored.Files.TryGetValue(rule.Name, out var file)
            ? TypedResults.Created($"/api/v1/rules/{rule.Name}", await ShowAsync(stored, file, views, response, cancellationToken))
            : Problems.NotFound(Thing, rule.Name);
    }

    private static async Task<Results<Ok<RuleFileResponse>, ValidationProblem, ProblemHttpResult>> Update(
        string name, RuleRequest request, RuleTable table, RuleShelf shelf, RuleViews views, HttpContext http, CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        if (!library.Files.TryGetValue(name, out var file))
        {
            return Problems.NotFound(Thing, name);
        }

        if (EntityTag.Refuse(http.Request, Thing, file.Version) is { } refusal)
        {
            return refusal;
        }

        var errors = new FieldErrors();
        CheckUpdate(library, file, request, errors);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var changed = file with
        {
            Enabled = request.Enabled ?? file.Enabled, ExpectedPerDay = request.ExpectedAlertsPerDay,
            Body = file.IsPack ? null : request.Yaml, Fixtures = file.IsPack ? null : request.Fixtures,
        };
        return await SaveAsync(changed, table, shelf, views, http.Response, cancellationToken);
    }

    private static void CheckUpdate(RuleLibrary library, StoredRule file, RuleRequest request, FieldErrors errors)
    {
        if (!file.IsPack)
        {
            RuleCheck.CheckRequest(file.Name, request, errors);
            if (!errors.Any)
            {
                RuleCheck.AddFaults(RuleCheck.Run(library, file.Name, request.Yaml!, request.Fixtures), errors);
            }

            return;
        }

        RuleCheck.CheckRequest(file.Name, request with { Yaml = request.Yaml ?? RuleLibrary.BodyOf(file) }, errors);
        if (request.Yaml is not null && request.Yaml != RuleLibrary.BodyOf(file))
        {
            errors.Add("yaml", "The rules that come with the forwarder cannot be changed; create a file of your own from this one and switch this one off.");
        }
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(
        string name, RuleTable table, RuleShelf shelf, HttpContext http, CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        if (!library.Files.TryGetValue(name, out var file))
        {
            return Problems.NotFound(Thing, name);
        }

        if (EntityTag.Refuse(http.Request, Thing, file.Version) is { } refusal)
        {
            return refusal;
        }

        if (file.IsPack)
        {
            return TypedResults.Problem(
                $"'{name}' comes with the forwarder and cannot be deleted; disable it.", statusCode: StatusCodes.Status409Conflict, title: "Part of the pack");
        }

        if (library.Files.Values.FirstOrDefault(other => other.Enabled && other.Name != name && library.Needs(other.Name, name)) is { } other)
        {
            return TypedResults.Problem(
                $"The rules of '{other.Name}' name rules of '{name}'; disable or change them first.", statusCode: StatusCodes.Status409Conflict,
                title: "Rule in use");
        }

        return await table.DeleteAsync(name, file.Version, cancellationToken) == ChangeResult.Done ? TypedResults.NoContent() : Problems.Stale(Thing);
    }

    private static Task<Results<Ok<RuleFileResponse>, ValidationProblem, ProblemHttpResult>> Enable(
        string name, RuleTable table, RuleShelf shelf, RuleViews views, HttpResponse response, CancellationToken cancellationToken) =>
        SetEnabledAsync(name, true, table, shelf, views, response, cancellationToken);

    private static Task<Results<Ok<RuleFileResponse>, ValidationProblem, ProblemHttpResult>> Disable(
        string name, RuleTable table, RuleShelf shelf, RuleViews views, HttpResponse response, CancellationToken cancellationToken) =>
        SetEnabledAsync(name, false, table, shelf, views, response, cancellationToken);

    private static async Task<Results<Ok<RuleFileResponse>, ValidationProblem, ProblemHttpResult>> SetEnabledAsync(
        string name, bool enabled, RuleTable table, RuleShelf shelf, RuleViews views, HttpResponse response, CancellationToken cancellationToken)
    {
        var library = await shelf.ReadAsync(cancellationToken);
        if (!library.Files.TryGetValue(name, out var file))
        {
            return Problems.NotFound(Thing, name);
        }

        if (file.Enabled == enabled)
        {
            return TypedResults.Ok(await ShowAsync(library, file, views, response, cancellationToken));
        }

        var enabledNames = library.Files.Values.Where(rule => rule.Enabled).Select(rule => rule.Name);
        if (enabled && RuleWords.Sentences(library.Compile(enabledNames.Append(name)).Refusals) is { Count: > 0 } refusals)
        {
            return TypedResults.Problem(string.Join(' ', refusals), statusCode: StatusCodes.Status409Conflict, title: "The rules cannot run");
        }

        return await SaveAsync(file with { Enabled = enabled }, table, shelf, views, response, cancellationToken);
    }

    private static async Task<Results<Ok<RuleFileResponse>, ValidationProblem, ProblemHttpResult>> SaveAsync(
        StoredRule changed, RuleTable table, RuleShelf shelf, RuleViews views, HttpResponse response, CancellationToken cancellationToken)
    {
        if (await table.SaveAsync(changed, cancellationToken) != ChangeResult.Done)
        {
            return Problems.Stale(Thing);
        }

        var library = await shelf.ReadAsync(cancellationToken);
        return library.Files.TryGetValue(changed.Name, out var file)
            ? TypedResults.Ok(await ShowAsync(library, file, views, response, cancellationToken))
            : Problems.NotFound(Thing, changed.Name);
    }

    private static async Task<RuleFileResponse> ShowAsync(
        RuleLibrary library, StoredRule file, RuleViews views, HttpResponse response, CancellationToken cancellationToken)
    {
        EntityTag.Set(response, file.Version);
        return Show(library, file, await views.ReadFiguresAsync(cancellationToken), withText: true);
    }

    /// <summary>A file as the API shows it, without what the reader told.</summary>
    public static RuleFileResponse Show(RuleLibrary library, StoredRule file, RuleFigures figures, bool withText) =>
        RuleViews.Show(file, library.Compile([file.Name]), figures, withText);
}
