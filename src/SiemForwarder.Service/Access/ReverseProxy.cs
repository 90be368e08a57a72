using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Access;

/// <summary>Lets the API stand behind a proxy: under the name and the scheme that its callers use, and below a path of the proxy's.</summary>
internal static class ReverseProxy
{
    /// <summary>Stands before everything that looks at a request, routing included.</summary>
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
                // Some proxies take the path off, others pass it on: both work, and so does a caller past the proxy.
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
            // As many proxies in a row as are trusted.
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

    // Endpoints name paths of the API; the caller's begin with the proxy's.
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
