namespace SiemForwarder.Service.Access;

/// <summary>Marks an endpoint that answers with a page of the console, or with a file of one.</summary>
/// <param name="IsFile">Whether it is a file that is the same until the next version, so that a browser may keep it.</param>
internal sealed record PagePolicy(bool IsFile = false)
{
    public const string SignInPath = "/signin/key";

    /// <summary>Whether a browser that is not signed in is led to the sign-in page.</summary>
    public static bool LeadsToSignIn(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<PagePolicy>() is not null && HttpMethods.IsGet(context.Request.Method)
        && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    /// <summary>The sign-in page that leads back to the page of a request.</summary>
    public static string SignInFor(HttpRequest request) => $"{SignInPath}?returnUrl={Uri.EscapeDataString($"{request.Path}{request.QueryString}")}";

    /// <summary>A path of this service, and never a host that a browser would follow elsewhere.</summary>
    public static string OwnPath(string? path) => path is ['/', ..] && !(path.Length > 1 && path[1] is '/' or '\\') ? path : "/";
}
