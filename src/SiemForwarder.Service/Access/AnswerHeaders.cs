using SiemForwarder.Service.Access.Realms;

namespace SiemForwarder.Service.Access;

/// <summary>The headers that tell a browser what it may do with a response; the same on every response, including refusals.</summary>
internal static class AnswerHeaders
{
    private const string OfApi = "default-src 'none'; frame-ancestors 'none'";

    // Swagger UI is served from this server; its bundle creates style elements at run time, and its style sheet contains images.
    private const string OfSwagger =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>The policy of the console's pages: files of this server alone, and style attributes, which its components set.</summary>
    /// <remarks>Signing out leads to the realm, so its address is the only other one that a form may lead to.</remarks>
    public static string OfPages(OidcOptions oidc) =>
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        + "base-uri 'self'; "
        + $"form-action 'self'{(oidc.SignsIn ? $" {new Uri(oidc.Authority!).GetLeftPart(UriPartial.Authority)}" : "")}; frame-ancestors 'none'";

    /// <param name="context">The request.</param>
    /// <param name="pages">Policy of the console's pages.</param>
    public static void AddTo(HttpContext context, string pages)
    {
        var page = context.GetEndpoint()?.Metadata.GetMetadata<PagePolicy>();
        var isSwagger = context.Request.Path.StartsWithSegments("/swagger", StringComparison.OrdinalIgnoreCase);
        // Set when the response starts, because the exception handler clears earlier headers.
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers.ContentSecurityPolicy = isSwagger ? OfSwagger : page is null ? OfApi : pages;
            headers["Referrer-Policy"] = "no-referrer";
            headers["Cross-Origin-Resource-Policy"] = "same-origin";
            if (page is { IsFile: true } && context.Response.StatusCode == StatusCodes.Status200OK)
            {
                // Its address changes with its content.
                headers.CacheControl = "public, max-age=31536000, immutable";
            }
            else if (!isSwagger)
            {
                headers.CacheControl = "no-store";
            }

            return Task.CompletedTask;
        });
    }
}
