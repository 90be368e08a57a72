using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Access.Keys;
using SiemForwarder.Service.Dispatch.Redrive;
using SiemForwarder.Service.Dispatch.Replays;
using SiemForwarder.Service.Dispatch.Testing;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Audit;

/// <summary>Records every configuration change and every operator action before its response is sent.</summary>
/// <remarks>
/// A note of the intended action is written first; if that fails, nothing is done (503). If the row itself cannot be written afterwards, the
/// response is 503 as well, and the note later becomes a row with unknown outcome. So nothing is done without a trace, whenever a process ends.
/// </remarks>
internal sealed partial class ChangeRecorder(AuditTable table, ResourceViews views, LastWord lastWord, ForwarderTelemetry telemetry, TimeProvider time)
{
    private const int MaxRequestLength = 16 * 1024;
    private static readonly TimeSpan WriteBound = TimeSpan.FromSeconds(10);

    /// <summary>Runs the endpoint, and records it if it changes something.</summary>
    /// <exception cref="Npgsql.NpgsqlException">The record cannot be written.</exception>
    public async ValueTask<object?> RunAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var needed = http.GetEndpoint()?.Metadata.GetMetadata<NeededPermission>()?.Permission;
        if (needed is not (Permission.Configure or Permission.Operate))
        {
            return await next(context);
        }

        var (kind, id) = ResourceViews.FindTarget(http.Request);
        var before = await views.FindAsync(kind, id, http.RequestAborted);
        var detail = Detail(context);
        var entry = Begin(http, needed == Permission.Configure ? AuditKind.Configuration : AuditKind.Operation) with
        {
            Target = id is null ? kind : $"{kind}:{id}", Name = before?.Name ?? "", Detail = Text(detail),
        };
        var begun = Guid.CreateVersion7(time.GetUtcNow());
        await table.BeginAsync(begun, entry, http.RequestAborted);

        object? result;
        try
        {
            result = await next(context);
        }
        catch (Exception exception)
        {
            await NoteFailureAsync(entry, begun, exception);
            throw;
        }

        // Even if the caller disconnects now, the record is written.
        using var bound = new CancellationTokenSource(WriteBound, time);
        try
        {
            await table.AppendAsync(await CompleteAsync(entry, kind, id, before, detail, result, bound.Token), begun, bound.Token);
        }
        catch (OperationCanceledException exception)
        {
            throw new TimeoutException("The audit record was not written in time.", exception);
        }

        return result;
    }

    /// <summary>The stable action name of an endpoint: <c>UpdateIntegration</c> becomes <c>integration.update</c>.</summary>
    internal static string ActionOf(string endpoint)
    {
        var words = Word().Matches(endpoint).Select(word => word.Value.ToLowerInvariant()).ToList();
        return $"{string.Join('_', words.Skip(1))}.{words[0]}";
    }

    private static AuditEntry Begin(HttpContext http, string kind)
    {
        var caller = Caller.Of(http.User)!;
        var action = ActionOf(http.GetEndpoint()!.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName);
        return new AuditEntry(
            kind, caller.Name, caller.Credential, RefusalRecorder.AddressOf(http), action, "", "", AuditOutcome.Unknown, 0);
    }

    private async Task<AuditEntry> CompleteAsync(
        AuditEntry entry, string kind, string? id, ResourceView? before, JsonObject detail, object? result, CancellationToken cancellationToken)
    {
        var answer = result is INestedHttpResult nested ? nested.Result : result as IResult;
        var status = (answer as IStatusCodeHttpResult)?.StatusCode ?? StatusCodes.Status200OK;
        entry = entry with { Status = status, Outcome = AuditOutcome.Of(status) };
        if (entry.Outcome != AuditOutcome.Success)
        {
            return entry;
        }

        if (answer is Accepted<PendingChangeResponse> { Value: { } pending })
        {
            // Nothing is changed yet: records what is requested, and where it can be approved.
            detail["pendingChange"] = $"{pending.Id}";
            detail["asked"] = pending.Operation;
            return entry with { Detail = Text(detail) };
        }

        id ??= CreatedId(answer);
        var after = await views.FindAsync(kind, id, cancellationToken);
        if (before is not null && after?.FindChangedSecrets(before).ToArray() is { Length: > 0 } secrets)
        {
            after.Shown["changedSecrets"] = new JsonArray([.. secrets.Select(name => (JsonNode)name)]);
        }

        var isChanged = !JsonNode.DeepEquals(before?.Shown, after?.Shown);
        entry = entry with
        {
            Target = id is null ? kind : $"{kind}:{id}",
            Name = after?.Name ?? before?.Name ?? "",
            Before = isChanged ? before?.Shown.ToJsonString() : null,
            After = isChanged ? after?.Shown.ToJsonString() : null,
        };
        if (before?.Integration is { } old && Silencing.IsDue(old, after?.Integration))
        {
            detail["lastEvent"] = await lastWord.SayAsync(old, entry, cancellationToken);
        }

        return entry with { Detail = Text(detail) };
    }

    private async Task NoteFailureAsync(AuditEntry entry, Guid begun, Exception fault)
    {
        using var bound = new CancellationTokenSource(WriteBound, time);
        try
        {
            await table.AppendAsync(
                fault is BadHttpRequestException bad ? entry with { Outcome = AuditOutcome.Refused, Status = bad.StatusCode } : entry with
                {
                    Status = DatabaseFault.IsUnavailable(fault) ? StatusCodes.Status503ServiceUnavailable
                        : fault is OperationCanceledException ? StatusCodes.Status499ClientClosedRequest : StatusCodes.Status500InternalServerError,
                },
                begun, bound.Token);
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception) || exception is OperationCanceledException)
        {
            // The note stays and becomes a row later; the caller sees the first error.
            telemetry.DatabaseUnavailable(exception);
        }
    }

    // Requests with secrets are not included: their changes are read from the resource itself.
    private JsonObject Detail(EndpointFilterInvocationContext context)
    {
        var detail = new JsonObject();
        var given = context.Arguments.FirstOrDefault(
            one => one is PauseRequest or ReplayRequest or RedriveRequest or DiscardRequest or RotationRequest or RehearsalRequest);
        if (given is not null)
        {
            var request = views.ToJson(given);
            // Ignored by the API, which records the caller instead.
            request.Remove("by");
            foreach (var unset in request.Where(member => member.Value is null).Select(member => member.Key).ToList())
            {
                request.Remove(unset);
            }

            detail["request"] = request.ToJsonString() is { Length: > MaxRequestLength } text ? $"{text.Length} characters" : request;
        }

        var http = context.HttpContext.Request;
        if (http.RouteValues.GetValueOrDefault("replayId") is { } replay)
        {
            detail["replay"] = replay.ToString();
        }

        if (http.RouteValues.GetValueOrDefault("changeId") is { } change)
        {
            detail["pendingChange"] = change.ToString();
        }

        if (bool.TryParse(http.Query["force"], out var force) && force)
        {
            detail["force"] = true;
        }

        return detail;
    }

    private string? CreatedId(IResult? answer) => answer switch
    {
        Created { Location: { } location } => Uri.UnescapeDataString(location[(location.LastIndexOf('/') + 1)..]),
        IValueHttpResult { Value: { } value } and IStatusCodeHttpResult { StatusCode: StatusCodes.Status201Created } =>
            views.ToJson(value) is var shown && (shown["id"] ?? shown["name"]) is { } id ? id.ToString() : null,
        _ => null,
    };

    private static string? Text(JsonObject detail) => detail.Count == 0 ? null : detail.ToJsonString();

    [GeneratedRegex("[A-Z][a-z]*", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Word();
}
