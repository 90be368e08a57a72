using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Access.Keys;

/// <summary>A key to create.</summary>
/// <param name="Name">1 to 100 characters; unique among the valid keys.</param>
/// <param name="Role"><c>siem-admin</c>, <c>siem-operator</c>, <c>siem-viewer</c>, <c>siem-investigator</c>, <c>siem-auditor</c> or <c>siem-ingest</c>.</param>
/// <param name="Source">Id of the source that a key with the role <c>siem-ingest</c> pushes to; required for that role, not allowed for others.</param>
/// <param name="ExpiresAt">When it expires; null for never.</param>
public sealed record ApiKeyRequest(
    [property: Length(1, 100)] string? Name = null,
    [property: AllowedValues("siem-admin", "siem-operator", "siem-viewer", "siem-investigator", "siem-auditor", "siem-ingest")] string? Role = null,
    [property: Range(1, int.MaxValue)] int? Source = null,
    DateTimeOffset? ExpiresAt = null);

/// <summary>A request to rotate a key.</summary>
/// <param name="OverlapSeconds">How long the current secret remains valid, 0 to 2,592,000 (30 days); 86,400 (one day) by default.</param>
public sealed record RotationRequest([property: Range(0, 2_592_000)] int? OverlapSeconds = null);

/// <summary>A key, without its secret.</summary>
/// <param name="Id">The part of the key between its underscores.</param>
/// <param name="Source">The only source that it may push to.</param>
/// <param name="CreatedBy">Who created it.</param>
/// <param name="LastUsedAt">When it was last used, to the nearest minute.</param>
/// <param name="PreviousUntil">Until when the secret before the last rotation remains valid; null if it no longer is.</param>
public sealed record ApiKeyResponse(
    string Id, string Name, string Role, int? Source, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt,
    DateTimeOffset? PreviousUntil, DateTimeOffset? RevokedAt, string? RevokedBy);

/// <summary>A key as shown once, when it is created or rotated.</summary>
/// <param name="Key">The key itself; it cannot be retrieved again.</param>
/// <param name="PreviousUntil">Until when the previous secret remains valid; null for a new key.</param>
public sealed record NewApiKeyResponse(string Id, string Name, string Role, int? Source, DateTimeOffset? ExpiresAt, string Key, DateTimeOffset? PreviousUntil)
{
    public override string ToString() => $"{nameof(NewApiKeyResponse)} {Id}";
}

/// <summary>A page of keys, newest first; revoked ones stay listed.</summary>
public sealed record ApiKeyList(IReadOnlyList<ApiKeyResponse> Items, long Total, int Page, int PageSize);

/// <summary>The caller of a request.</summary>
/// <param name="Kind"><c>key</c> for an API key, <c>token</c> for a bearer token of the realm, <c>session</c> for a person who signed in.</param>
/// <param name="Id">Id of the key, or subject in the realm.</param>
/// <param name="Permissions">What the roles allow.</param>
/// <param name="Source">The only source that the caller may push to; null for any.</param>
public sealed record CallerResponse(string Kind, string Id, string Name, IReadOnlyList<string> Roles, IReadOnlyList<string> Permissions, int? Source);

/// <summary>The resources <c>keys</c> and <c>me</c>.</summary>
internal static class KeyEndpoints
{
    private const int DefaultOverlapSeconds = 86_400;
    private const string Thing = "API key";
    private static readonly Dictionary<string, string> RoleChoices = Roles.All.ToDictionary(role => role);

    public static void MapKeys(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/keys").WithTags("Access");
        group.MapGet("/", List).WithName("ListKeys").WithSummary("Lists the API keys, without their secrets, newest first.").Needs(Permission.ReadAudit);
        group.MapGet("/{id}", Get).WithName("GetKey").WithSummary("Returns an API key, without its secret.").Needs(Permission.ReadAudit);
        group.MapPost("/", Create).WithName("CreateKey").WithSummary("Creates an API key. The key is shown only in this response.")
            .Needs(Permission.Configure);
        group.MapPost("/{id}/rotate", Rotate).WithName("RotateKey")
            .WithSummary("Gives an API key a new secret; the current one remains valid for overlapSeconds.").Needs(Permission.Configure);
        group.MapDelete("/{id}", Revoke).WithName("RevokeKey").WithSummary("Revokes an API key; all engines reject it within seconds.")
            .Needs(Permission.Configure);
        routes.MapGet("/api/v1/me", Me).WithTags("Access").WithName("GetMe").Needs(Permission.BeKnown)
            .WithSummary("Shows who the caller is and what it may do.");
    }

    private static Ok<CallerResponse> Me(ClaimsPrincipal user)
    {
        var caller = Caller.Of(user)!;
        return TypedResults.Ok(new CallerResponse(
            caller.Kind, caller.Id, caller.Name, caller.Roles,
            [.. Roles.PermissionsOf(caller.Roles)], caller.SourceId));
    }

    private static async Task<Results<Ok<ApiKeyList>, ValidationProblem>> List(
        [AsParameters] PageQuery query, ApiKeyTable table, CancellationToken cancellationToken, [FromQuery] string? search = null)
    {
        var errors = new FieldErrors();
        var (page, pageSize) = query.Read(errors);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var (items, total) = await table.ListAsync(search, page, pageSize, cancellationToken);
        return TypedResults.Ok(new ApiKeyList([.. items.Select(View)], total, page, pageSize));
    }

    private static async Task<Results<Ok<ApiKeyResponse>, ProblemHttpResult>> Get(string id, ApiKeyTable table, CancellationToken cancellationToken) =>
        await table.FindAsync(id, cancellationToken) is { } key ? TypedResults.Ok(View(key)) : Problems.NotFound(Thing, id);

    private static async Task<Results<Created<NewApiKeyResponse>, ValidationProblem, ProblemHttpResult>> Create(
        ApiKeyRequest request, ClaimsPrincipal user, ApiKeyTable table, ApiKeyDirectory directory, TimeProvider time, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        if (string.IsNullOrWhiteSpace(request.Name))
        {
            errors.Add("name", "Give the key a name that identifies its user.");
        }

        errors.AtMost("name", request.Name, 100);
        errors.OneLine("name", request.Name);
        var role = request.Role is null ? null : errors.Choose("role", request.Role, null, RoleChoices!);
        if (request.Role is null)
        {
            errors.Add("role", $"Give one of: {string.Join(", ", Roles.All)}.");
        }

        if (role is not null && role == Roles.Ingest != request.Source is not null)
        {
            errors.Add("source", role == Roles.Ingest ? "Name the source that the key pushes to." : $"Only a key with the role {Roles.Ingest} has a source.");
        }

        if (request.ExpiresAt <= time.GetUtcNow())
        {
            errors.Add("expiresAt", "Must be later than now.");
        }

        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var (id, secret) = (ApiKeyText.NewId(), ApiKeyText.NewSecret());
        var key = new ApiKey(
            id, request.Name!.Trim(), role!, request.Source, SecretHash.Of(secret), null, null, StoredTime.Now(time), Caller.Of(user)!.Name,
            request.ExpiresAt?.ToUniversalTime(), null, null, null);
        switch (await table.AddAsync(key, cancellationToken))
        {
            case ChangeResult.NameTaken:
                return Problems.NameTaken(Thing, key.Name);
            case ChangeResult.NotFound:
                errors.Add("source", $"There is no source with the id {request.Source}.");
                return Problems.Invalid(errors);
        }

        directory.Forget();
        return TypedResults.Created($"/api/v1/keys/{id}", Show(key, secret));
    }

    private static async Task<Results<Ok<NewApiKeyResponse>, ValidationProblem, ProblemHttpResult>> Rotate(
        string id, RotationRequest request, ApiKeyTable table, ApiKeyDirectory directory, TimeProvider time, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var overlap = errors.Between("overlapSeconds", request.OverlapSeconds, 0, 2_592_000, DefaultOverlapSeconds);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var secret = ApiKeyText.NewSecret();
        var until = StoredTime.Now(time).AddSeconds(overlap);
        if (await table.RotateAsync(id, SecretHash.Of(secret), until, cancellationToken) is not { } key)
        {
            return Problems.NotFound($"{Thing} in force", id);
        }

        directory.Forget();
        return TypedResults.Ok(Show(key, secret));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Revoke(
        string id, ClaimsPrincipal user, ApiKeyTable table, ApiKeyDirectory directory, CancellationToken cancellationToken)
    {
        if (!await table.RevokeAsync(id, Caller.Of(user)!.Name, cancellationToken))
        {
            return Problems.NotFound($"{Thing} in force", id);
        }

        directory.Forget();
        return TypedResults.NoContent();
    }

    private static NewApiKeyResponse Show(ApiKey key, string secret) =>
        new(key.Id, key.Name, key.Role, key.SourceId, key.ExpiresAt, ApiKeyText.Write(key.Id, secret).Reveal(), key.PreviousUntil);

    /// <summary>A key as the API shows it, without its secret.</summary>
    public static ApiKeyResponse View(ApiKey key) => new(
        key.Id, key.Name, key.Role, key.SourceId, key.CreatedAt, key.CreatedBy, key.ExpiresAt, key.LastUsedAt, key.PreviousUntil, key.RevokedAt, key.RevokedBy);
}
