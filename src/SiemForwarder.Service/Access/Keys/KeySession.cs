using System.Globalization;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Access.Keys;

/// <summary>Keeps a person signed in by API key: a cookie names the key, never its secret, and is judged anew with each request.</summary>
internal sealed class KeySession(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, KeySessionCookie cookie, ApiKeyJudge judge)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "KeySession";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (cookie.Read(Request) is (var id, var stamp) && await judge.RecallAsync(id, stamp) is { } caller)
        {
            return AuthenticateResult.Success(new AuthenticationTicket(caller.ToPrincipal(Scheme.Name), Scheme.Name));
        }

        Context.Features.Set(AccessRefusal.Unknown(
            "The session has ended: it is older than an hour, or its key was revoked, rotated or has expired. Sign in again."));
        return AuthenticateResult.Fail("The session has ended.");
    }
}

/// <summary>The cookie of a person who signed in by API key.</summary>
internal sealed class KeySessionCookie(IDataProtectionProvider protection, TimeProvider time)
{
    public const string Name = "siemforwarder-key";
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);
    private static readonly SafeCookie Cookie = new() { Name = Name, HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true };

    private readonly IDataProtector protector = protection.CreateProtector("SiemForwarder.KeySession.v1");

    public void Write(HttpContext context, string id, string stamp)
    {
        var until = time.GetUtcNow() + Lifetime;
        var text = protector.Protect(string.Create(CultureInfo.InvariantCulture, $"{id} {stamp} {until.ToUnixTimeSeconds()}"));
        context.Response.Cookies.Append(Name, text, Cookie.Build(context, until));
    }

    public static void Delete(HttpContext context) => context.Response.Cookies.Delete(Name, Cookie.Build(context));

    /// <summary>Id and stamp of the key that the session stands on; null if there is none, or the time of the session is over.</summary>
    public (string Id, string Stamp)? Read(HttpRequest request)
    {
        try
        {
            return request.Cookies[Name] is { Length: > 0 } text && protector.Unprotect(text).Split(' ') is [var id, var stamp, var until]
                && long.TryParse(until, CultureInfo.InvariantCulture, out var seconds)
                && DateTimeOffset.FromUnixTimeSeconds(seconds) > time.GetUtcNow() ? (id, stamp) : null;
        }
        catch (CryptographicException)
        {
            // Forged, or encrypted with keys of another database: the person has to sign in again.
            return null;
        }
    }
}
