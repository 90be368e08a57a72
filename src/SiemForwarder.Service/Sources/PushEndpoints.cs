using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
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
    /// <remarks>What takes a push lives as long as the service, so a request makes no scope of its own to find it.</remarks>
    public static void MapPushes(this IEndpointRouteBuilder routes) => routes
        .MapPost("/api/v1/sources/{id:int}/events", (int id, HttpContext http) => routes.ServiceProvider.GetRequiredService<PushTaking>().RunAsync(id, http))
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
}

/// <summary>Takes one push request and answers it.</summary>
internal sealed class PushTaking(InboxDirectory inboxes, EventInbox events, IOptions<InboxOptions> options, IOptions<JsonOptions> json)
{
    // The inbox counts bytes itself and names its limit; the server also counts what frames them in chunks.
    private readonly long? maxBodyBytes = 2L * options.Value.MaxRequestBytes;
    private readonly MinDataRate minRate = new(options.Value.MinBodyBytesPerSecond, TimeSpan.FromSeconds(5));
    private readonly JsonTypeInfo responseType = json.Value.SerializerOptions.GetTypeInfo(typeof(PushResponse));

    /// <summary>Stores the events of a request, and answers with their counts or the refusal.</summary>
    /// <param name="id">Id of the source.</param>
    /// <param name="http">The request.</param>
    public async Task RunAsync(int id, HttpContext http)
    {
        var (inbox, absent) = await FindAsync(id);
        if (inbox is null)
        {
            await Refuse(absent!, http.Response).ExecuteAsync(http);
            return;
        }

        Bound(http);
        var mayPush = Caller.Of(http.User) is { } caller && caller.May(Permission.Push) && (caller.SourceId ?? id) == id;
        var (response, refusal) = await events.TakeAsync(inbox, http.Request, mayPush, http.RequestAborted);
        await (refusal is null ? AnswerAsync(http, response!) : Refuse(refusal, http.Response).ExecuteAsync(http));
    }

    private void Bound(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = maxBodyBytes;
        }

        // For HTTP/2 the server has no such limit per request.
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate && HttpProtocol.IsHttp11(http.Request.Protocol))
        {
            rate.MinDataRate = minRate;
        }
    }

    // In one piece of known length, which costs less than a stream of chunks.
    private Task AnswerAsync(HttpContext http, PushResponse response)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(response, responseType);
        http.Response.StatusCode = response.Accepted + response.Duplicates > 0 ? StatusCodes.Status202Accepted : StatusCodes.Status400BadRequest;
        (http.Response.ContentType, http.Response.ContentLength) = ("application/json; charset=utf-8", body.Length);
        return http.Response.Body.WriteAsync(body, http.RequestAborted).AsTask();
    }

    private async ValueTask<(InboxSettings? Inbox, PushRefusal? Absent)> FindAsync(int id)
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
