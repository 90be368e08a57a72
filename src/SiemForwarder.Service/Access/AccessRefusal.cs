using System.Globalization;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http.HttpResults;

namespace SiemForwarder.Service.Access;

/// <summary>Why the credentials of a request are rejected; kept with the request until an endpoint requires them.</summary>
/// <param name="Status">401, 429 or 503.</param>
/// <param name="Title">Kind of refusal.</param>
/// <param name="Detail">What is wrong and what to do.</param>
/// <param name="RetryAfter">When to try again; null if waiting does not help.</param>
internal sealed record AccessRefusal(int Status, string Title, string Detail, TimeSpan? RetryAfter = null)
{
    public static AccessRefusal Nothing { get; } = Unknown(
        "Send an API key in the header X-API-Key, or as Authorization: Bearer …. The first one is in the file admin-key of the data folder, or in the "
            + "file of Forwarder:Access:AdminKeyFile; create others with POST /api/v1/keys. If a realm is configured, its tokens are accepted too, and people "
            + "sign in at /signin.");

    public static AccessRefusal Unknown(string detail) => new(StatusCodes.Status401Unauthorized, "Not signed in", detail);

    public static AccessRefusal Locked(TimeSpan wait) => new(
        StatusCodes.Status429TooManyRequests, "Too many wrong keys",
        $"This address sent too many wrong keys; no further key is checked for {Math.Ceiling(wait.TotalSeconds):0} s.", wait);

    public Task WriteAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        if (Status == StatusCodes.Status401Unauthorized)
        {
            // RFC 9110 section 15.5.2.
            headers.WWWAuthenticate = "Bearer realm=\"SiemForwarder\"";
        }

        if (RetryAfter is { } wait)
        {
            headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString("0", CultureInfo.InvariantCulture);
        }

        return TypedResults.Problem(Detail, statusCode: Status, title: Title).ExecuteAsync(context);
    }
}

/// <summary>Responds to unauthorized requests: 401 if the caller is not authenticated, 403 if its roles do not suffice.</summary>
internal sealed class AccessAnswers : IAuthorizationMiddlewareResultHandler
{
    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded)
        {
            return next(context);
        }

        if (authorizeResult.Challenged && PagePolicy.LeadsToSignIn(context))
        {
            return TypedResults.Redirect(PagePolicy.SignInFor(context.Request)).ExecuteAsync(context);
        }

        return authorizeResult.Challenged
            ? (context.Features.Get<AccessRefusal>() ?? AccessRefusal.Nothing).WriteAsync(context)
            : Forbidden(context).ExecuteAsync(context);
    }

    /// <summary>The refusal of a caller whose roles lack a permission.</summary>
    /// <param name="subject">What needs it: <c>This</c>.</param>
    /// <param name="caller">Who asked.</param>
    /// <param name="needed">The permission.</param>
    public static ProblemHttpResult Forbidden(string subject, Caller caller, Permission needed) => Forbidden(
        $"{subject} requires {string.Join(" or ", Roles.With(needed))}; '{caller.Name}' has "
            + $"{(caller.Roles.Count == 0 ? "no role" : string.Join(", ", caller.Roles))}. Ask an administrator for a suitable key or role.");

    private static ProblemHttpResult Forbidden(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<NeededPermission>() is { } needed
        ? Forbidden("This", Caller.Of(context.User)!, needed.Permission)
        : Forbidden("This endpoint is not open to any caller.");

    private static ProblemHttpResult Forbidden(string detail) =>
        TypedResults.Problem(detail, statusCode: StatusCodes.Status403Forbidden, title: "Not allowed");
}
