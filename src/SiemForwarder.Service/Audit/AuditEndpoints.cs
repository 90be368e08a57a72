using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace SiemForwarder.Service.Audit;

/// <summary>Which audit records to return.</summary>
public record AuditExportQuery
{
    [FromQuery(Name = "from"), Description("Recorded at or after this instant.")]
    public DateTimeOffset? From { get; init; }

    [FromQuery(Name = "to"), Description("Recorded before this instant.")]
    public DateTimeOffset? To { get; init; }

    [FromQuery(Name = "caller"), Description("Name of a caller, or its credential: key 0123456789abcdef.")]
    public string? Caller { get; init; }

    [FromQuery(Name = "action"), Description("An action such as integration.update, or a prefix: integration.")]
    public string? Action { get; init; }

    [FromQuery(Name = "target"), Description("The target of the action: integration:3.")]
    public string? Target { get; init; }

    [FromQuery(Name = "outcome"), Description("success, refused or unknown."), AllowedValues("success", "refused", "unknown")]
    public string? Outcome { get; init; }

    internal AuditSelection Read(FieldErrors errors)
    {
        if (To <= From)
        {
            errors.Add("to", "Must be later than from.");
        }

        return new AuditSelection(From, To, Caller, Action, Target, errors.Choose("outcome", Outcome, null, AuditOutcome.Choices));
    }
}

/// <summary>Which audit records to return, by page.</summary>
public sealed record AuditQuery : AuditExportQuery
{
    [FromQuery(Name = "page"), Description("From 1 (default)."), Range(1, 1_000_000)]
    public int? Page { get; init; }

    [FromQuery(Name = "pageSize"), Description("1 to 200; 50 by default."), Range(1, 200)]
    public int? PageSize { get; init; }
}

/// <summary>An audit record.</summary>
/// <param name="Id">Consecutive number from 1, without gaps.</param>
/// <param name="Kind"><c>configuration</c>, <c>operation</c> or <c>access</c>.</param>
/// <param name="Caller">Who did it; empty if unknown.</param>
/// <param name="Credential">The credential: kind, and id of the key or subject in the realm.</param>
/// <param name="Address">Where the request came from.</param>
/// <param name="Action">What was done: <c>integration.update</c>, <c>access.refused</c> …</param>
/// <param name="Target">What it was done to: <c>integration:3</c>; for a refusal, the method and path.</param>
/// <param name="Name">Its name.</param>
/// <param name="Outcome"><c>success</c>, <c>refused</c> (nothing changed) or <c>unknown</c>.</param>
/// <param name="Status">HTTP status of the response; 0 if unknown.</param>
/// <param name="Before">The target before the change, secrets masked; null if nothing changed or it is new.</param>
/// <param name="After">The target after the change; <c>changedSecrets</c> names the secrets that changed.</param>
/// <param name="Detail">The request of an operator, the reason for a refusal, or the outcome of the last event sent to an old destination.</param>
/// <param name="Previous">Hash of the previous record, in hexadecimal.</param>
/// <param name="Hash">SHA-256 of <c>previous</c> and the content of the record.</param>
public sealed record AuditResponse(
    long Id, DateTimeOffset At, string Kind, string Caller, string Credential, string Address, string Action, string Target, string Name, string Outcome,
    int Status, JsonElement? Before, JsonElement? After, JsonElement? Detail, string Previous, string Hash)
{
    internal static AuditResponse Of(AuditRow row) => new(
        row.Id, row.At, row.Entry.Kind, row.Entry.Caller, row.Entry.Credential, row.Entry.Address, row.Entry.Action, row.Entry.Target, row.Entry.Name,
        row.Entry.Outcome, row.Entry.Status, Parse(row.Entry.Before), Parse(row.Entry.After), Parse(row.Entry.Detail),
        Convert.ToHexStringLower(row.Previous), Convert.ToHexStringLower(row.Hash));

    private static JsonElement? Parse(string? json) => json is null ? null : JsonElement.Parse(json);
}

/// <summary>A page of audit records, newest first.</summary>
public sealed record AuditList(IReadOnlyList<AuditResponse> Items, long Total, int Page, int PageSize);

/// <summary>Whether the audit trail is intact.</summary>
/// <param name="Whole">Whether no record was changed, removed, inserted or truncated.</param>
/// <param name="Records">Number of records whose chain is intact.</param>
/// <param name="BrokenAt">Id of the first record that is missing or wrong; null if the trail is intact.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="LastHash">Hash of the last correct record; compare it with the event that a SIEM received.</param>
public sealed record AuditVerification(bool Whole, long Records, long? BrokenAt, string? Reason, string LastHash);

/// <summary>The resource <c>audit</c>.</summary>
internal static class AuditEndpoints
{
    private const string Lines = "application/x-ndjson";

    public static void MapAudit(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/audit").WithTags("Audit");
        group.MapGet("/", List).WithName("ListAudit").Needs(Permission.ReadAudit)
            .WithSummary("Lists audit records, newest first: who changed, did or was refused what, from where and with which credential.");
        group.MapGet("/export", Export).WithName("ExportAudit").Needs(Permission.ReadAudit)
            .WithSummary("Streams audit records, oldest first, one JSON object per line.").Produces<string>(StatusCodes.Status200OK, Lines);
        group.MapGet("/verify", Verify).WithName("VerifyAudit").Needs(Permission.ReadAudit)
            .WithSummary("Verifies the hash chain of all audit records and says whether it is intact or where it breaks.");
    }

    private static async Task<Results<Ok<AuditList>, ValidationProblem>> List(
        [AsParameters] AuditQuery query, AuditTable table, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var selection = query.Read(errors);
        var (page, pageSize) = new PageQuery { Page = query.Page, PageSize = query.PageSize }.Read(errors);
        if (errors.Any)
        {
            return Problems.Invalid(errors);
        }

        var (items, total) = await table.ListAsync(selection, page, pageSize, cancellationToken);
        return TypedResults.Ok(new AuditList([.. items.Select(AuditResponse.Of)], total, page, pageSize));
    }

    private static Results<PushStreamHttpResult, ValidationProblem> Export(
        [AsParameters] AuditExportQuery query, AuditTable table, IOptions<JsonOptions> json, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var selection = query.Read(errors);
        return errors.Any ? Problems.Invalid(errors) : TypedResults.Stream(
            async body =>
            {
                await foreach (var row in table.ReadAllAsync(selection, cancellationToken))
                {
                    await JsonSerializer.SerializeAsync(body, AuditResponse.Of(row), json.Value.SerializerOptions, cancellationToken);
                    await body.WriteAsync("\n"u8.ToArray(), cancellationToken);
                }
            },
            Lines, "audit.ndjson");
    }

    private static async Task<Ok<AuditVerification>> Verify(AuditTable table, CancellationToken cancellationToken)
    {
        // The end first: records written meanwhile only come after it.
        var head = await table.ReadHeadAsync(cancellationToken);
        var (id, hash) = (0L, AuditChain.Beginning);
        var headHash = head.Id == 0 ? hash : null;
        await foreach (var row in table.ReadAllAsync(new AuditSelection(), cancellationToken))
        {
            if (AuditChain.FindBreak(id, hash, row) is { } fault)
            {
                return Broken(fault);
            }

            (id, hash) = (row.Id, row.Hash);
            headHash = id == head.Id ? hash : headHash;
        }

        return headHash is null ? Broken($"Row {id + 1} and all later ones are missing: the trail had {head.Id}.")
            : !headHash.AsSpan().SequenceEqual(head.Hash) ? Broken($"Row {head.Id} is not the one that was written.", head.Id)
            : TypedResults.Ok(new AuditVerification(true, id, null, null, Convert.ToHexStringLower(hash)));

        Ok<AuditVerification> Broken(string fault, long? at = null) =>
            TypedResults.Ok(new AuditVerification(false, id, at ?? id + 1, fault, Convert.ToHexStringLower(hash)));
    }
}
