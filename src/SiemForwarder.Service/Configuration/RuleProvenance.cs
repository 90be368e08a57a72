using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Detections;

namespace SiemForwarder.Service.Configuration;

/// <summary>Which configuration manages which rule files and lists.</summary>
internal sealed class RuleProvenance(NpgsqlDataSource database)
{
    /// <summary>The managers of all rule files and lists that have one, by kind and name.</summary>
    public async Task<IReadOnlyDictionary<(string Kind, string Name), string>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT kind, name, managed_by FROM managed_rule");
        var managers = new Dictionary<(string, string), string>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            managers[(reader.GetString(0), reader.GetString(1))] = reader.GetString(2);
        }

        return managers;
    }

    /// <summary>Records who manages a rule file or a list from now on; null for nobody.</summary>
    public async Task SetAsync(string kind, string name, string? manager, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(manager is null
            ? "DELETE FROM managed_rule WHERE kind = $1 AND name = $2"
            : "INSERT INTO managed_rule (kind, name, managed_by) VALUES ($1, $2, $3) ON CONFLICT (kind, name) DO UPDATE SET managed_by = $3");
        command.Parameters.AddWithValue(kind);
        command.Parameters.AddWithValue(name);
        if (manager is not null)
        {
            command.Parameters.AddWithValue(manager);
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>Shows who manages rule files and lists, reads it from changes, and warns those who change what a configuration manages.</summary>
internal static class RuleProvenanceFilter
{
    /// <summary>The routes of rule files, or of lists, whose changes carry <see cref="Provenance.Parameter"/>.</summary>
    /// <param name="routes">Where they are mapped.</param>
    /// <param name="kind">One of the kinds of <see cref="PlannedChange"/>.</param>
    /// <param name="thing">What it is called in a warning.</param>
    public static IEndpointRouteBuilder WithRuleProvenance(this IEndpointRouteBuilder routes, string kind, string thing)
    {
        var group = routes.MapGroup("");
        group.AddEndpointFilter((context, next) => ApplyAsync(context, next, kind, thing));
        ((IEndpointConventionBuilder)group).Add(static endpoint =>
        {
            if (endpoint.Metadata.OfType<HttpMethodMetadata>().Any(one => one.HttpMethods.Any(method => method is "POST" or "PUT")))
            {
                endpoint.Metadata.Add(new FilterQuery(Provenance.Parameter));
            }
        });
        return group;
    }

    private static async ValueTask<object?> ApplyAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next, string kind, string thing)
    {
        var http = context.HttpContext;
        var provenance = http.RequestServices.GetRequiredService<RuleProvenance>();
        var name = http.GetRouteValue("name") as string ?? context.Arguments.OfType<RuleRequest>().FirstOrDefault()?.Name;
        if (name is null || HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method))
        {
            return Show(await next(context), kind, await provenance.ReadAsync(http.RequestAborted));
        }

        var given = http.Request.Query[Provenance.Parameter].FirstOrDefault();
        var errors = new FieldErrors();
        var stored = (await provenance.ReadAsync(http.RequestAborted)).GetValueOrDefault((kind, name));
        var manager = Provenance.Read(given, stored, errors);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var result = await next(context);
        if (StatusOf(result) is not (>= 200 and < 300) || result is IResult and Ok<RuleCheckResponse>)
        {
            return result;
        }

        Provenance.Warn(http.Response, thing, stored, given);
        manager = HttpMethods.IsDelete(http.Request.Method) ? null : manager;
        if (manager != stored)
        {
            await provenance.SetAsync(kind, name, manager, http.RequestAborted);
        }

        return Show(result, kind, await provenance.ReadAsync(http.RequestAborted));
    }

    private static object? Show(object? result, string kind, IReadOnlyDictionary<(string Kind, string Name), string> managers)
    {
        return result switch
        {
            INestedHttpResult nested => Show(nested.Result, kind, managers),
            Ok<RuleFileResponse> { Value: { } file } => TypedResults.Ok(Managed(file)),
            Created<RuleFileResponse> { Value: { } file } created => TypedResults.Created(created.Location, Managed(file)),
            Ok<ListPage<RuleFileResponse>> { Value: { } page } => TypedResults.Ok(page with { Items = [.. page.Items.Select(Managed)] }),
            Ok<RuleListResponse> { Value: { } list } => TypedResults.Ok(ManagedList(list)),
            Ok<ListPage<RuleListResponse>> { Value: { } page } => TypedResults.Ok(page with { Items = [.. page.Items.Select(ManagedList)] }),
            _ => result,
        };

        RuleFileResponse Managed(RuleFileResponse file) => file with { ManagedBy = managers.GetValueOrDefault((kind, file.Name)) };
        RuleListResponse ManagedList(RuleListResponse list) => list with { ManagedBy = managers.GetValueOrDefault((kind, list.Name)) };
    }

    private static int? StatusOf(object? result) => result switch
    {
        INestedHttpResult nested => StatusOf(nested.Result),
        IStatusCodeHttpResult answer => answer.StatusCode,
        _ => null,
    };
}
