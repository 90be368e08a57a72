using System.ComponentModel;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Engines;

/// <summary>The resources <c>engines</c> and <c>engine-pools</c>.</summary>
internal static class EngineEndpoints
{
    private const string Thing = "engine pool";

    public static void MapEngines(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/engines", ListEngines).WithTags("Engines").WithName("ListEngines").Needs(Permission.ReadStates)
            .WithSummary("Lists live engines with their pools, start time, work and version.");
        var group = routes.MapGroup("/api/v1/engine-pools").WithTags("Engines");
        group.MapGet("/", ListPools).WithName("ListEnginePools").Needs(Permission.ReadSettings)
            .WithSummary("Lists engine pools with their live engines.");
        group.MapPost("/", Create).WithName("CreateEnginePool").Needs(Permission.Configure).ProducesProblem(StatusCodes.Status409Conflict)
            .WithSummary("Creates an engine pool; engines join it through their configuration.");
        group.MapPut("/{name}", Update).WithName("UpdateEnginePool").Needs(Permission.Configure).WithSummary("Changes the description of an engine pool.");
        group.MapDelete("/{name}", Delete).WithName("DeleteEnginePool").Needs(Permission.Configure).WithSummary("Deletes an unused engine pool.")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<ListPage<EngineResponse>>, ValidationProblem>> ListEngines(
        [AsParameters] WholeListQuery query, EngineReader engines, CancellationToken cancellationToken) =>
        query.Cut(await engines.ListAsync(cancellationToken));

    private static async Task<Results<Ok<ListPage<EnginePoolResponse>>, ValidationProblem>> ListPools(
        [AsParameters] WholeListQuery query, IDbContextFactory<ForwarderDbContext> contexts, EngineReader engines, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var pools = await context.EnginePools.AsNoTracking().OrderBy(pool => pool.Name).ToListAsync(cancellationToken);
        var wanted = await context.Integrations.GroupBy(one => one.EnginePool).ToDictionaryAsync(one => one.Key, one => one.Count(), cancellationToken);
        var alive = (await engines.ListAsync(cancellationToken)).Where(engine => engine.Alive).ToList();
        return query.Cut<EnginePoolResponse>(
            [.. pools.Select(pool => new EnginePoolResponse(
                pool.Name, pool.Description, [.. alive.Where(engine => engine.Pools.Contains(pool.Name)).Select(engine => engine.Name)],
                wanted.GetValueOrDefault(pool.Name), pool.CreatedAt, pool.ManagedBy))]);
    }

    private static async Task<Results<Created, ValidationProblem, ProblemHttpResult>> Create(
        EnginePoolRequest request, IDbContextFactory<ForwarderDbContext> contexts, TimeProvider time, CancellationToken cancellationToken,
        [Description(Provenance.Description)] string? managedBy = null)
    {
        var errors = new FieldErrors();
        var manager = Provenance.Read(managedBy, null, errors);
        Check(request.Name, request.Description, errors);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var name = request.Name!.Trim();
        context.EnginePools.Add(
            new EnginePool { Name = name, Description = request.Description ?? string.Empty, ManagedBy = manager, CreatedAt = StoredTime.Now(time) });
        return await context.SaveAsync(cancellationToken) == ChangeResult.Done
            ? TypedResults.Created($"/api/v1/engine-pools/{Uri.EscapeDataString(name)}")
            : Problems.NameTaken(Thing, name);
    }

    private static async Task<Results<NoContent, ValidationProblem, ProblemHttpResult>> Update(
        string name, EnginePoolRequest request, IDbContextFactory<ForwarderDbContext> contexts, HttpResponse response, CancellationToken cancellationToken,
        [Description(Provenance.Description)] string? managedBy = null)
    {
        var errors = new FieldErrors();
        Check(request.Name ?? name, request.Description, errors);
        if (request.Name is not null && request.Name != name)
        {
            errors.Add("name", "A pool cannot be renamed because engines name it in their configuration; create another one.");
        }

        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var stored = await context.EnginePools.SingleOrDefaultAsync(pool => pool.Name == name, cancellationToken);
        var manager = Provenance.Read(managedBy, stored?.ManagedBy, errors);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        if (stored is null)
        {
            return Problems.NotFound(Thing, name);
        }

        Provenance.Warn(response, Thing, stored.ManagedBy, managedBy);
        (stored.Description, stored.ManagedBy) = (request.Description ?? string.Empty, manager);
        await context.SaveChangesAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(
        string name, IDbContextFactory<ForwarderDbContext> contexts, HttpResponse response, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (name == EnginePool.Default || await context.Integrations.AnyAsync(one => one.EnginePool == name, cancellationToken))
        {
            return TypedResults.Problem(
                name == EnginePool.Default ? "The pool 'default' always exists." : $"Integrations use the pool '{name}'; move them to another pool first.",
                statusCode: StatusCodes.Status409Conflict, title: "Pool in use");
        }

        if (await context.EnginePools.SingleOrDefaultAsync(pool => pool.Name == name, cancellationToken) is not { } stored)
        {
            return Problems.NotFound(Thing, name);
        }

        Provenance.Warn(response, Thing, stored.ManagedBy, null);
        context.EnginePools.Remove(stored);
        await context.SaveChangesAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    /// <summary>Checks what a pool is called and said to be.</summary>
    public static void Check(string? name, string? description, FieldErrors errors)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            errors.Add("name", "Give the pool a name, such as the network zone of its engines.");
        }

        errors.AtMost("name", name, 100);
        errors.AtMost("description", description, 2000);
        errors.OneLine("name", name);
    }
}
