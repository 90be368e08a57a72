namespace SiemForwarder.Service.Access;

/// <summary>Detects requests that a browser sends for a page of another site, from its own headers (Fetch standard; W3C Fetch Metadata).</summary>
internal static class RequestOrigin
{
    /// <summary>True if the request may change something and comes from a foreign page.</summary>
    public static bool IsForeign(HttpRequest request)
    {
        // A socket is opened by a GET, and whoever opened it may send anything.
        var isSocket = string.Equals(request.Headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase);
        if (!isSocket && (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method)))
        {
            return false;
        }

        var isOwn = IsOwn(request);
        if (isOwn == false)
        {
            return true;
        }

        var sites = request.Headers["Sec-Fetch-Site"];
        return sites.Count > 0 && sites.Any(site => site?.Trim().ToLowerInvariant() switch
        {
            null or "" or "none" or "same-origin" => false,
            "same-site" => isOwn is null,
            _ => true,
        });
    }

    // Null if the request has no origin, as from programs.
    private static bool? IsOwn(HttpRequest request)
    {
        var origins = request.Headers.Origin;
        if (origins.Count == 0)
        {
            return null;
        }

        return origins.Count == 1 && Uri.TryCreate(origins[0], UriKind.Absolute, out var origin)
            && Uri.TryCreate($"{request.Scheme}://{request.Host}", UriKind.Absolute, out var own)
            && origin.GetLeftPart(UriPartial.Authority) == own.GetLeftPart(UriPartial.Authority)
            && origin.UserInfo.Length == 0 && origin.PathAndQuery is "/" && origin.Fragment.Length == 0;
    }
}
