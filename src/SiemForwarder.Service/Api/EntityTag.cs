using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace SiemForwarder.Service.Api;

/// <summary>Versions of resources as entity tags, and the conditions of requests on them (RFC 9110 sections 8.8.3 and 13.1).</summary>
internal static class EntityTag
{
    public static void Set(HttpResponse response, int version) => response.Headers.ETag = $"\"{version.ToString(CultureInfo.InvariantCulture)}\"";

    /// <summary>Checks whether the request may change a resource with this version: 428 if it has no If-Match, 412 if If-Match names other versions;
    /// null if it may.</summary>
    /// <param name="request">With If-Match: <c>*</c> for any version, or entity tags, which are compared strongly (a weak one never matches).</param>
    /// <param name="what">The kind of resource, for the error message.</param>
    /// <param name="version">Its current version.</param>
    public static ProblemHttpResult? Refuse(HttpRequest request, string what, int version)
    {
        var given = request.Headers.IfMatch;
        if (string.IsNullOrWhiteSpace(given.ToString()))
        {
            return Problems.VersionMissing(what);
        }

        // A bare number is not an entity tag, but its meaning is clear.
        var isMatch = Read(given.ToString() is var text && int.TryParse(text, CultureInfo.InvariantCulture, out _) ? $"\"{text}\"" : text)
            .Any(tag => tag.Equals(EntityTagHeaderValue.Any) || (!tag.IsWeak && tag.Tag == Of(version)));
        return isMatch ? null : Problems.Stale(what);
    }

    /// <summary>Returns 304 without a body if the caller already has this version (If-None-Match, compared weakly).</summary>
    public static async ValueTask<object?> AnswerNotModified(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var result = await next(context);
        var (request, response) = (context.HttpContext.Request, context.HttpContext.Response);
        var known = Read(request.Headers.IfNoneMatch.ToString());
        var shown = response.Headers.ETag.ToString();
        return shown.Length > 0 && known.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Tag == shown)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : result;
    }

    private static IList<EntityTagHeaderValue> Read(string text) => EntityTagHeaderValue.TryParseList([text], out var tags) ? tags : [];

    private static string Of(int version) => $"\"{version.ToString(CultureInfo.InvariantCulture)}\"";
}

/// <summary>Marks an endpoint that changes a resource only if the request names its version in If-Match.</summary>
internal sealed class AsksForVersion;

/// <summary>Extension methods that declare how an endpoint uses versions.</summary>
internal static class VersionConventions
{
    /// <summary>The endpoint returns a resource with its version, or 304 if the caller already has it.</summary>
    public static RouteHandlerBuilder ShowsVersion(this RouteHandlerBuilder endpoint) =>
        endpoint.AddEndpointFilter(EntityTag.AnswerNotModified).Produces(StatusCodes.Status304NotModified);

    /// <summary>The endpoint changes a resource only if the request names its version.</summary>
    public static RouteHandlerBuilder AsksForVersion(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(new AsksForVersion())
        .ProducesProblem(StatusCodes.Status412PreconditionFailed).ProducesProblem(StatusCodes.Status428PreconditionRequired);
}
