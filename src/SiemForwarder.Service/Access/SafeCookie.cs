using System.Net;

namespace SiemForwarder.Service.Access;

/// <summary>A cookie that is only sent over TLS, except for a browser on this machine.</summary>
internal sealed class SafeCookie : CookieBuilder
{
    public override CookieOptions Build(HttpContext context, DateTimeOffset expiresFrom)
    {
        var cookie = base.Build(context, expiresFrom);
        var host = context.Request.Host.Host;
        var isLoopback = host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
        cookie.Secure = context.Request.IsHttps || !isLoopback;
        cookie.Path = context.Request.PathBase.Add(Path);
        return cookie;
    }
}
