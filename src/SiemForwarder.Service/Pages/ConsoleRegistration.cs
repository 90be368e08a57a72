using System.Net;
using System.Security.Claims;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Access.Keys;
using SiemForwarder.Service.Access.Realms;
using SiemForwarder.WebConsole;
using SiemForwarder.WebConsole.Api;

namespace SiemForwarder.Service.Pages;

/// <summary>Serves the pages of the console, signs people in by key, and passes on what a page asks for.</summary>
internal static class ConsoleRegistration
{
    private const string CookieClaim = "cookie";
    private const string AddressClaim = "address";

    public static IServiceCollection AddConsole(this IServiceCollection services)
    {
        services.AddWebConsole();
        return services.AddSingleton<IConsoleConnection, InProcessConnection>();
    }

    public static void MapConsole(this WebApplication app)
    {
        app.MapConsolePages().WithMetadata(new PagePolicy()).Needs(Permission.BeKnown);
        app.MapConsoleFiles().WithMetadata(new PagePolicy(IsFile: true)).Open("Scripts and styles are the same for every installation.");
        app.MapGet(PagePolicy.SignInPath, (IOptions<OidcOptions> realm, string? returnUrl = null) => Show(realm.Value, returnUrl, null))
            .ExcludeFromDescription().WithMetadata(new PagePolicy()).Open("Nobody is authenticated before signing in.");
        app.MapPost(PagePolicy.SignInPath, SignInAsync).DisableAntiforgery().ExcludeFromDescription().WithMetadata(new PagePolicy())
            .Open("Nobody is authenticated before signing in.");
    }

    /// <summary>Lets the pages ask on behalf of the person whose browser shows them: each request is known by the same cookies.</summary>
    public static void UseConsole(this WebApplication app) => app.Use((context, next) =>
    {
        if (context.User.Identity?.IsAuthenticated == true && context.GetEndpoint()?.Metadata.GetMetadata<PagePolicy>() is not null)
        {
            context.User.AddIdentity(new ClaimsIdentity(
            [
                new Claim(CookieClaim, context.Request.Headers.Cookie.ToString()), new Claim(AddressClaim, $"{context.Connection.RemoteIpAddress}"),
            ]));
        }

        return next(context);
    });

    private static async Task<IResult> SignInAsync(
        HttpContext http, IOptions<OidcOptions> realm, ApiKeyJudge judge, KeySessionCookie cookie, CancellationToken cancellationToken)
    {
        var form = http.Request.HasFormContentType ? await http.Request.ReadFormAsync(cancellationToken) : FormCollection.Empty;
        var (key, returnUrl) = (form["key"].ToString().Trim(), form["returnUrl"].ToString());
        if (key.Length == 0)
        {
            return Show(realm.Value, returnUrl, "Enter an API key.", StatusCodes.Status400BadRequest);
        }

        var (caller, refusal) = await judge.JudgeAsync(key, http.Connection.RemoteIpAddress, cancellationToken);
        if (caller is null)
        {
            http.Features.Set(refusal);
            return Show(realm.Value, returnUrl, refusal!.Detail, refusal.Status);
        }

        if (!caller.May(Permission.ReadSettings))
        {
            return Show(realm.Value, returnUrl, $"The API key '{caller.Name}' may only push events. Sign in with another.", StatusCodes.Status403Forbidden);
        }

        cookie.Write(http, caller.Id, await judge.StampAsync(caller, key));
        return TypedResults.Redirect(PagePolicy.OwnPath(returnUrl));
    }

    private static IResult Show(OidcOptions realm, string? returnUrl, string? fault, int status = StatusCodes.Status200OK) =>
        ConsolePages.SignIn(PagePolicy.OwnPath(returnUrl), realm.SignsIn, fault, status);

    /// <summary>Reaches the API in this process with the cookies that a page was opened with.</summary>
    private sealed class InProcessConnection(IServiceProvider services) : IConsoleConnection
    {
        private static readonly Uri Here = new("http://localhost/");

        public HttpClient Connect(ClaimsPrincipal person) => new(new InProcessApi(services, context =>
        {
            context.Request.Headers.Cookie = person.FindFirstValue(CookieClaim) ?? "";
            context.Request.Headers[SignIn.CsrfHeader] = "console";
            context.Connection.RemoteIpAddress = IPAddress.TryParse(person.FindFirstValue(AddressClaim), out var address) ? address : null;
        })) { BaseAddress = Here };
    }
}
