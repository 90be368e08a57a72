using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Sources;

/// <summary>The inbox of a source over HTTP.</summary>
internal static class PushEndpoints
{
    public static void MapPushes(this IEndpointRouteBuilder routes) => routes.MapPost("/api/v1/sources/{id:int}/events", Push)
        .WithTags("Sources").WithName("PushEvents").WithMetadata(new OwnCredentials(), new AnyQuery())
        .Open("An inbox has its own keys or signatures; an API key with the permission to push is accepted too.")
        .WithSummary("Accepts one event, an array of events, or NDJSON, optionally gzip-compressed. Returns 202 with counts once they are committed.")
        .WithDescription(PushDocumentation.Description)
        .Produces<PushResponse>(StatusCodes.Status202Accepted)
        .Produces<PushResponse>(StatusCodes.Status400BadRequest)
        .ProducesProblem(StatusCodes.Status401Unauthorized)
        .ProducesProblem(StatusCodes.Status404NotFound)
        .ProducesProblem(StatusCodes.Status408RequestTimeout)
        .ProducesProblem(StatusCodes.Status409Conflict)
        .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
        .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
        .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
        .AddOpenApiOperationTransformer(PushDocumentation.DescribeAsync);

    private static async Task<IResult> Push(
        int id, HttpContext http, InboxDirectory inboxes, EventInbox events, IOptions<InboxOptions> options, CancellationToken cancellationToken)
    {
        var (inbox, absent) = await FindAsync(id, inboxes);
        if (inbox is null)
        {
            return Refuse(absent!, http.Response);
        }

        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            // The inbox counts bytes itself and names its limit; the server also counts what frames them in chunks.
            size.MaxRequestBodySize = 2L * options.Value.MaxRequestBytes;
        }

        // For HTTP/2 the server has no such limit per request.
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate && HttpProtocol.IsHttp11(http.Request.Protocol))
        {
            rate.MinDataRate = new MinDataRate(options.Value.MinBodyBytesPerSecond, TimeSpan.FromSeconds(5));
        }

        var mayPush = Caller.Of(http.User) is { } caller && caller.May(Permission.Push) && (caller.SourceId ?? id) == id;
        var (response, refusal) = await events.TakeAsync(inbox, http.Request, mayPush, cancellationToken);
        return refusal is not null ? Refuse(refusal, http.Response)
            : new Answer(response!, response!.Accepted + response.Duplicates > 0 ? StatusCodes.Status202Accepted : StatusCodes.Status400BadRequest);
    }

    /// <summary>Answers with the counts in one piece of known length, which costs less than a stream of chunks.</summary>
    private sealed class Answer(PushResponse response, int status) : IResult
    {
        public Task ExecuteAsync(HttpContext http)
        {
            var options = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
            var body = JsonSerializer.SerializeToUtf8Bytes(response, options.GetTypeInfo(typeof(PushResponse)));
            (http.Response.StatusCode, http.Response.ContentType, http.Response.ContentLength) = (status, "application/json; charset=utf-8", body.Length);
            return http.Response.Body.WriteAsync(body, http.RequestAborted).AsTask();
        }
    }

    private static async Task<(InboxSettings? Inbox, PushRefusal? Absent)> FindAsync(int id, InboxDirectory inboxes)
    {
        try
        {
            var (source, inbox) = await inboxes.FindAsync(id);
            return source is null ? (null, PushRefusal.Absent(id))
                : !source.Enabled ? (null,
                    new PushRefusal(StatusCodes.Status409Conflict, "Source disabled", $"The source '{source.Name}' is disabled; enable it, then send again."))
                : inbox is null && SourceDefinition.Read(source.Definition, out var fault) is null
                    ? (null, new PushRefusal(StatusCodes.Status409Conflict, "Source unusable", fault!))
                : inbox is null ? (null,
                    new PushRefusal(StatusCodes.Status409Conflict, "No inbox", $"The source '{source.Name}' accepts no pushed events: set 'inbox' with a key."))
                : (inbox, null);
        }
        catch (Exception exception) when (DatabaseFault.IsDatabase(exception))
        {
            return (null, PushRefusal.Unavailable($"The database is unavailable: {DatabaseFault.Describe(exception)}"));
        }
    }

    private static ProblemHttpResult Refuse(PushRefusal refusal, HttpResponse response)
    {
        if (refusal.RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (refusal.Status == StatusCodes.Status408RequestTimeout)
        {
            // The rest of the body would be mistaken for the next request (RFC 9110 section 15.5.9).
            response.Headers.Connection = "close";
        }

        if (refusal.Status == StatusCodes.Status401Unauthorized)
        {
            // RFC 9110 section 15.5.2.
            response.Headers.WWWAuthenticate = "Bearer";
        }

        return TypedResults.Problem(refusal.Detail, statusCode: refusal.Status, title: refusal.Title);
    }
}
