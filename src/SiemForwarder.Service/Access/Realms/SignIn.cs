using System.Globalization;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using SiemForwarder.Connections;
using SiemForwarder.Service.Access.Keys;

namespace SiemForwarder.Service.Access.Realms;

/// <summary>Signs people in at the realm (authorization code with PKCE) and keeps them signed in by a cookie.</summary>
internal sealed class SignIn(IOptions<OidcOptions> options, SignedInPeople people, RealmTokens tokens, RealmRoles roles)
    : IConfigureNamedOptions<CookieAuthenticationOptions>, IConfigureNamedOptions<OpenIdConnectOptions>
{
    public const string CookieScheme = "Session";
    public const string RealmScheme = "SignIn";
    public const string CookieName = "siemforwarder";
    public const string CsrfHeader = "X-Siem-Csrf";
    private const string IdToken = "id_token";

    public void Configure(CookieAuthenticationOptions options) => Configure(CookieScheme, options);

    public void Configure(string? name, CookieAuthenticationOptions cookie)
    {
        cookie.Cookie = new SafeCookie { Name = CookieName, HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/" };
        cookie.ExpireTimeSpan = options.Value.SessionLifetime;
        cookie.SlidingExpiration = false;
        cookie.SessionStore = people;
    }

    public void Configure(OpenIdConnectOptions options) => Configure(RealmScheme, options);

    public void Configure(string? name, OpenIdConnectOptions connect)
    {
        var realm = options.Value;
        connect.SignInScheme = CookieScheme;
        connect.SignOutScheme = CookieScheme;
        connect.Authority = realm.Authority;
        connect.MetadataAddress = realm.MetadataUrl;
        connect.RequireHttpsMetadata = realm.RequireHttps;
        connect.ClientId = realm.ClientId;
        connect.ClientSecret = realm.ReadClientSecret()?.Reveal();
        connect.ResponseType = OpenIdConnectResponseType.Code;
        // The response comes by redirect, which carries a SameSite=Lax cookie.
        connect.ResponseMode = OpenIdConnectResponseMode.Query;
        connect.UsePkce = true;
        connect.CallbackPath = "/signin/callback";
        connect.SignedOutCallbackPath = "/signout/done";
        connect.SignedOutRedirectUri = "/";
        connect.MapInboundClaims = false;
        connect.DisableTelemetry = true;
        connect.BackchannelHttpHandler = RealmConnection.CreateHandler();
        connect.BackchannelTimeout = TimeSpan.FromSeconds(10);
        connect.NonceCookie = new SafeCookie
        {
            Name = $"{CookieName}-nonce-", HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/signin", IsEssential = true,
        };
        connect.CorrelationCookie = new SafeCookie
        {
            Name = $"{CookieName}-sign-in-", HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/signin", IsEssential = true,
        };
        connect.TokenValidationParameters = new TokenValidationParameters { ValidAudience = realm.ClientId, LifetimeValidator = tokens.IsInForce };
        connect.Events = new OpenIdConnectEvents { OnTokenValidated = WelcomeAsync, OnRemoteFailure = TellAsync };
    }

    /// <summary>Whether a cookie-authenticated request comes from a page of this address, beyond its origin header.</summary>
    /// <remarks>A page of another site can set neither: the header would need a CORS preflight, and the other is set by the browser.</remarks>
    public static bool IsMeant(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method)
        || request.Headers.ContainsKey(CsrfHeader) || request.Headers["Sec-Fetch-Site"] == "same-origin";

    // Roles are in the access token, which the realm returned in the same response; the ID token has none.
    private async Task WelcomeAsync(TokenValidatedContext context)
    {
        var access = new JsonWebToken(context.TokenEndpointResponse!.AccessToken);
        var caller = RealmCaller.Read("session", RealmCaller.ReadClaims(access), options.Value, await roles.ReadAsync());
        var ticket = context.Properties!;
        ticket.Items[SignedInPeople.SessionId] = context.SecurityToken.Payload.TryGetValue("sid", out var sid) ? sid as string : null;
        ticket.StoreTokens([new AuthenticationToken { Name = IdToken, Value = context.TokenEndpointResponse.IdToken }]);
        context.Principal = (caller with { Id = context.SecurityToken.Subject }).ToPrincipal(RealmScheme);
    }

    private static async Task TellAsync(RemoteFailureContext context)
    {
        context.HandleResponse();
        await TypedResults.Problem(
            $"The realm did not sign you in: {OneLine.Of(context.Failure?.Message ?? "no reason given")} Try again at /signin.",
            statusCode: StatusCodes.Status401Unauthorized, title: "Not signed in").ExecuteAsync(context.HttpContext);
    }
}

/// <summary>The endpoints for signing in and out.</summary>
internal static class SignInEndpoints
{
    private const string LogoutEvent = "http://schemas.openid.net/event/backchannel-logout";
    private static readonly TimeSpan LogoutTokenAge = TimeSpan.FromMinutes(5);

    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/signin", Begin).WithTags("Access").WithName("SignIn")
            .WithSummary("Signs a person in at the realm and redirects to returnUrl.")
            .Produces(StatusCodes.Status302Found).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .Open("Nobody is authenticated before signing in.");
        routes.MapPost("/signout", End).WithTags("Access").WithName("SignOut")
            .WithSummary("Signs a person out here and at the realm.")
            .Produces(StatusCodes.Status302Found).Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound)
            .Needs(Permission.BeKnown);
        routes.MapPost("/signout/backchannel", EndFromRealm).WithTags("Access").WithName("SignOutFromRealm").DisableAntiforgery()
            .WithSummary("Receives logout tokens from the realm (OpenID Connect Back-Channel Logout).")
            .Produces(StatusCodes.Status200OK).ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .Open("The realm calls it and authenticates with its signature.");
    }

    private static async Task<IResult> Begin(HttpContext http, IOptions<OidcOptions> options, string? returnUrl = null)
    {
        if (!options.Value.SignsIn)
        {
            return NoRealm;
        }

        // Never to another site: only a path of this one, and nothing that browsers interpret as a host.
        var target = PagePolicy.OwnPath(returnUrl);
        try
        {
            await http.ChallengeAsync(SignIn.RealmScheme, new AuthenticationProperties { RedirectUri = target });
            return Results.Empty;
        }
        catch (InvalidOperationException exception) when (exception.InnerException is not null)
        {
            return TypedResults.Problem(
                $"The realm {options.Value.Authority} does not respond. API keys still work.", statusCode: StatusCodes.Status503ServiceUnavailable,
                title: "Realm unavailable");
        }
    }

    private static async Task<IResult> End(HttpContext http, IOptions<OidcOptions> options)
    {
        if (http.User.Identity!.AuthenticationType == KeySession.SchemeName)
        {
            KeySessionCookie.Delete(http);
            return TypedResults.Redirect(PagePolicy.SignInPath);
        }

        if (!options.Value.SignsIn)
        {
            return NoRealm;
        }

        if (Caller.Of(http.User)!.Kind != "session")
        {
            return TypedResults.NoContent();
        }

        // The realm first: signing out there needs the token in the session.
        await http.SignOutAsync(SignIn.RealmScheme, new AuthenticationProperties { RedirectUri = PagePolicy.SignInPath });
        await http.SignOutAsync(SignIn.CookieScheme);
        return Results.Empty;
    }

    private static async Task<IResult> EndFromRealm(
        HttpContext http, IOptions<OidcOptions> options, IOptionsMonitor<OpenIdConnectOptions> connect, SignedInPeople people, TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (!options.Value.SignsIn)
        {
            return NoRealm;
        }

        var text = http.Request.HasFormContentType ? (await http.Request.ReadFormAsync(cancellationToken))["logout_token"].ToString() : "";
        var settings = connect.Get(SignIn.RealmScheme);
        OpenIdConnectConfiguration configuration;
        try
        {
            configuration = await settings.ConfigurationManager!.GetConfigurationAsync(cancellationToken);
        }
        catch (InvalidOperationException)
        {
            return TypedResults.Problem(
                "The realm's keys cannot be read.", statusCode: StatusCodes.Status503ServiceUnavailable, title: "Realm unavailable");
        }

        var result = await new JsonWebTokenHandler().ValidateTokenAsync(text, new TokenValidationParameters
        {
            ValidIssuer = configuration.Issuer, ValidAudience = options.Value.ClientId, IssuerSigningKeys = configuration.SigningKeys,
            RequireExpirationTime = false, ValidateLifetime = false, LogValidationExceptions = false,
        });
        if (!result.IsValid)
        {
            if (result.Exception is SecurityTokenSignatureKeyNotFoundException)
            {
                settings.ConfigurationManager.RequestRefresh();
            }

            return Refused("it is not a token of the realm for this client.");
        }

        return await EndAsync((JsonWebToken)result.SecurityToken, people, time, cancellationToken) is { } fault ? Refused(fault) : TypedResults.Ok();
    }

    /// <summary>Ends the sessions named by a logout token; returns what is wrong with it, or null.</summary>
    private static async Task<string?> EndAsync(JsonWebToken token, SignedInPeople people, TimeProvider time, CancellationToken cancellationToken)
    {
        var claims = RealmCaller.ReadClaims(token);
        var (sid, sub, id) = (RealmCaller.Text(claims, "sid"), RealmCaller.Text(claims, "sub"), RealmCaller.Text(claims, "jti"));
        var age = time.GetUtcNow() - new DateTimeOffset(DateTime.SpecifyKind(token.IssuedAt, DateTimeKind.Utc));
        if (!claims.TryGetProperty("events", out var events) || events.ValueKind != System.Text.Json.JsonValueKind.Object
            || !events.TryGetProperty(LogoutEvent, out _) || claims.TryGetProperty("nonce", out _) || id is null || (sid ?? sub) is null)
        {
            return "it is not a logout token.";
        }

        if (age > LogoutTokenAge || age < -LogoutTokenAge)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it was issued {age.TotalSeconds:0} s ago.");
        }

        return await people.EndAsync(id, time.GetUtcNow() + LogoutTokenAge, sid, sub, cancellationToken) is null ? "it was already used." : null;
    }

    private static ProblemHttpResult NoRealm => TypedResults.Problem(
        "Sign-in is not configured: set Forwarder:Access:Oidc (Authority, ClientId, ClientSecret). API keys work without it.",
        statusCode: StatusCodes.Status404NotFound, title: "No realm");

    private static ProblemHttpResult Refused(string why) => TypedResults.Problem(
        $"The logout token is rejected: {why}", statusCode: StatusCodes.Status400BadRequest, title: "Logout token rejected");
}
