using System.Net;
using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Access;

/// <summary>The addresses that the service listens on, from the settings that the server itself reads.</summary>
internal static class Listening
{
    /// <summary>The URLs; ports alone stand for all addresses.</summary>
    public static IReadOnlyList<string> Urls(IConfiguration configuration)
    {
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(endpoint => endpoint["Url"]).OfType<string>().ToList();
        if (endpoints.Count > 0)
        {
            return [.. endpoints.Select(url => url.Trim())];
        }

        var urls = Split(configuration, "urls");
        return urls.Length > 0 ? urls
            : [.. Split(configuration, "http_ports").Select(port => $"http://*:{port}"),
                .. Split(configuration, "https_ports").Select(port => $"https://*:{port}")];
    }

    /// <summary>Invalid addresses, one sentence each.</summary>
    public static IEnumerable<string> FindWrongUrls(IConfiguration configuration)
    {
        foreach (var port in Split(configuration, "http_ports").Concat(Split(configuration, "https_ports")).Where(port => !ushort.TryParse(port, out _)))
        {
            yield return $"the configured port '{port}' (ASPNETCORE_HTTP_PORTS, ASPNETCORE_HTTPS_PORTS) is not a number from 0 to 65535.";
        }

        foreach (var url in Urls(configuration))
        {
            if (!IsUrl(url))
            {
                yield return $"the configured address '{url}' is not a URL such as http://127.0.0.1:8080 (ASPNETCORE_URLS, --urls, "
                    + "Kestrel__Endpoints__…__Url).";
            }
            else if (BindingAddress.Parse(url).PathBase.Length > 0)
            {
                yield return $"the configured address '{url}' contains a path: set Forwarder__Access__PathBase to that path instead.";
            }
        }
    }

    private static bool IsUrl(string url)
    {
        try
        {
            return BindingAddress.Parse(url).Scheme.ToUpperInvariant() is "HTTP" or "HTTPS";
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static string[] Split(IConfiguration configuration, string name) =>
        (configuration[name] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Refuses to start if keys and tokens would cross the network without TLS, unless this is explicitly allowed.</summary>
    /// <exception cref="OptionsValidationException">With one sentence for the operator.</exception>
    public static void Check(IConfiguration configuration, AccessOptions options)
    {
        foreach (var url in Urls(configuration).Where(url => url.StartsWith("http://", StringComparison.OrdinalIgnoreCase)))
        {
            var address = BindingAddress.Parse(url);
            // Probes carry no credentials unless configured to.
            var isProbe = address.Port == options.ProbePort && !options.MetricsNeedKey;
            if (!address.IsUnixPipe && !IsLoopback(address.Host) && !options.BehindTlsProxy && !isProbe)
            {
                throw new OptionsValidationException(
                    nameof(AccessOptions.BehindTlsProxy), typeof(AccessOptions),
                    [$"the service would listen on {url} without TLS, so keys could be intercepted. Listen on loopback; or configure a certificate "
                        + "(Kestrel__Endpoints__Https__Url, Kestrel__Endpoints__Https__Certificate__Path, …__KeyPath); or, if a proxy terminates TLS "
                        + "or only this machine can reach the port, set Forwarder__Access__BehindTlsProxy=true."]);
            }
        }
    }

    /// <summary>Whether only this machine can reach the service.</summary>
    public static bool IsOnLoopbackAlone(IConfiguration configuration) =>
        Urls(configuration).Select(BindingAddress.Parse).All(address => address.IsUnixPipe || IsLoopback(address.Host));

    /// <summary>Whether a path is used by monitoring.</summary>
    public static bool IsProbe(PathString path) =>
        path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase) || path.StartsWithSegments("/metrics", StringComparison.OrdinalIgnoreCase);

    private static bool IsLoopback(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
