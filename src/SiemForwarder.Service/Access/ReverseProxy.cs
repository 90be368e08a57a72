using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Access;

/// <summary>Supports a reverse proxy: with the host name and scheme that callers use, and below a path of the proxy.</summary>
internal static class ReverseProxy
{
    /// <summary>Must come before everything that inspects a request, including routing.</summary>
    public static void UseReverseProxy(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<AccessOptions>>().Value;
        if (options.TrustedProxies.Count > 0)
        {
            app.UseForwardedHeaders(Trust(options.TrustedProxies));
        }

        var own = string.IsNullOrEmpty(options.PathBase) ? PathString.Empty : new PathString("/" + options.PathBase.Trim('/'));
        app.Use((context, next) =>
        {
            var path = own.HasValue ? own : context.Request.PathBase;
            if (path.HasValue)
            {
                // Some proxies strip the path, others keep it: both work, and so do callers that bypass the proxy.
                context.Request.Path = context.Request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase, out var rest)
                    ? rest : context.Request.Path;
                context.Request.PathBase = path;
                context.Response.OnStarting(() => LeadBelow(context.Response, path));
            }

            return next(context);
        });
        app.UseRouting();
    }

    private static ForwardedHeadersOptions Trust(IEnumerable<string> proxies)
    {
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.All,
            // Any number of chained proxies, as long as they are trusted.
            ForwardLimit = null,
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in proxies.Select(ProxiesAttribute.Parse).OfType<System.Net.IPNetwork>())
        {
            options.KnownIPNetworks.Add(network);
        }

        return options;
    }

    // Endpoints use API paths; the caller's paths start with the proxy's.
    private static Task LeadBelow(HttpResponse response, PathString path)
    {
        var location = response.Headers.Location.ToString();
        if (location is ['/', ..] and not ['/', '/', ..]
            && !new PathString(location.Split('?', '#')[0]).StartsWithSegments(path, StringComparison.OrdinalIgnoreCase))
        {
            response.Headers.Location = path.ToUriComponent() + location;
        }

        return Task.CompletedTask;
    }
}
