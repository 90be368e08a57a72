namespace SiemForwarder.Service.Access;

/// <summary>The headers that tell a browser what it may do with a response; the same on every response, including refusals.</summary>
internal static class AnswerHeaders
{
    private const string OfApi = "default-src 'none'; frame-ancestors 'none'";

    // Swagger UI is served from this server; its bundle creates style elements at run time, and its style sheet contains images.
    private const string OfSwagger =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void AddTo(HttpContext context)
    {
        var isSwagger = context.Request.Path.StartsWithSegments("/swagger", StringComparison.OrdinalIgnoreCase);
        // Set when the response starts, because the exception handler clears earlier headers.
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers.ContentSecurityPolicy = isSwagger ? OfSwagger : OfApi;
            headers["Referrer-Policy"] = "no-referrer";
            headers["Cross-Origin-Resource-Policy"] = "same-origin";
            if (!isSwagger)
            {
                headers.CacheControl = "no-store";
            }

            return Task.CompletedTask;
        });
    }
}
