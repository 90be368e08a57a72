using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Service.Access.Keys;
using SiemForwarder.Service.Access.Realms;
using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Access;

/// <summary>Comes before everything else: accepted host names, protection against requests from other sites, and authorization.</summary>
internal static class AccessRegistration
{
    private const string CallerScheme = "Caller";

    public static WebApplicationBuilder AddAccess(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSettings<AccessOptions>(AccessOptions.Section);
        services.AddSingleton<ServerCertificates>();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureHttpsDefaults(https =>
            https.OnAuthenticate = (connection, tls) => kestrel.ApplicationServices.GetRequiredService<ServerCertificates>().Apply(connection, tls)));
        services.AddSingleton<ApiKeyTable>().AddSingleton<ApiKeyDirectory>().AddSingleton<AdminKeyFile>().AddSingleton<GuessingGuard>()
            .AddSingleton<ApiKeyJudge>().AddSingleton<KeySessionCookie>().AddSingleton<FrontDoor>().AddHostedService<FirstKey>();
        AddSchemes(builder);
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AccessAnswers>();
        services.AddAuthorization(options =>
        {
            foreach (var permission in Enum.GetValues<Permission>())
            {
                options.AddPolicy(permission.ToString(), policy => policy.RequireAuthenticatedUser()
                    .RequireAssertion(context => Caller.Of(context.User)?.May(permission) == true));
            }

            // Endpoints without a permission are closed. If there is no endpoint at all, authenticated callers get a 404.
            options.FallbackPolicy = new AuthorizationPolicyBuilder().RequireAuthenticatedUser()
                .RequireAssertion(context => context.Resource is HttpContext http && http.GetEndpoint() is not RouteEndpoint).Build();
        });
        return builder.AddAccessToDescription();
    }

    private static void AddSchemes(WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<OidcOptions>().Configure<IConfiguration>(OidcOptions.Bind).ValidateOnStart();
        services.AddSingleton<IValidateOptions<OidcOptions>, OidcOptionsRules>().AddSingleton(new SettingsSection(OidcOptions.Section, typeof(OidcOptions)));
        services.AddSingleton<RoleGrantTable>().AddSingleton<RealmRoles>();
        services.AddSingleton<TokenIntrospection>().AddSingleton<RealmTokens>().AddSingleton<SignedInPeople>().AddSingleton<SignIn>();
        services.AddSingleton<IConfigureOptions<JwtBearerOptions>>(provider => provider.GetRequiredService<RealmTokens>());
        services.AddSingleton<IConfigureOptions<CookieAuthenticationOptions>>(provider => provider.GetRequiredService<SignIn>());
        services.AddSingleton<IConfigureOptions<OpenIdConnectOptions>>(provider => provider.GetRequiredService<SignIn>());

        var oidc = OidcOptions.Read(builder.Configuration);
        var schemes = services.AddAuthentication(CallerScheme)
            .AddPolicyScheme(CallerScheme, null, options => options.ForwardDefaultSelector = context => SchemeOf(context.Request, oidc))
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.SchemeName, null)
            .AddScheme<AuthenticationSchemeOptions, KeySession>(KeySession.SchemeName, null);
        if (oidc.IsOn)
        {
            schemes.AddJwtBearer(RealmTokens.Scheme, _ => { });
        }

        if (oidc.SignsIn)
        {
            schemes.AddCookie(SignIn.CookieScheme).AddOpenIdConnect(SignIn.RealmScheme, _ => { });
        }
    }

    // Explicit credentials take precedence over the cookie, which a browser sends automatically. A realm token is a signed JSON object.
    private static string SchemeOf(HttpRequest request, OidcOptions oidc)
    {
        var given = ApiKeyText.Given(request);
        return given is null && request.Cookies.ContainsKey(KeySessionCookie.Name) ? KeySession.SchemeName
            : given is null && oidc.SignsIn && request.Cookies.ContainsKey(SignIn.CookieName) ? SignIn.CookieScheme
            : given is not null && oidc.IsOn && IsToken(given) ? RealmTokens.Scheme
            : ApiKeyAuthentication.SchemeName;
    }

    /// <exception cref="OptionsValidationException">The configured addresses would expose keys to the network.</exception>
    public static void UseAccess(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<AccessOptions>>().Value;
        Listening.Check(app.Configuration, options);
        var pages = AnswerHeaders.OfPages(app.Services.GetRequiredService<IOptions<OidcOptions>>().Value);
        var hosts = KnownHosts.Of(app.Configuration, options);
        app.Use((context, next) =>
        {
            AnswerHeaders.AddTo(context, pages);
            if (!hosts.Contains(context.Request.Host))
            {
                return UnknownHost(context.Request.Host).ExecuteAsync(context);
            }

            if (options.ProbePort is { } port && context.Connection.LocalPort == port != Listening.IsProbe(context.Request.Path))
            {
                return OtherPort(port).ExecuteAsync(context);
            }

            return RequestOrigin.IsForeign(context.Request) ? ForeignPage.ExecuteAsync(context) : next(context);
        });
    }

    /// <summary>Authorizes callers before endpoints run; must come after the exception handler.</summary>
    /// <remarks>An endpoint with its own credentials is run at once where nothing else could make the sender known: what follows would find nobody.</remarks>
    public static void UseCallers(this WebApplication app)
    {
        app.Use((context, next) => context.GetEndpoint() is { RequestDelegate: { } run } endpoint && IsUpTo(endpoint.Metadata, context.Request)
            ? run(context)
            : next(context));
        app.UseDescription();
        app.UseAuthentication();
        app.Use((context, next) => IsByCookie(context) && !SignIn.IsMeant(context.Request)
            ? Unmeant.ExecuteAsync(context)
            : next(context));
        app.UseAuthorization();
    }

    /// <summary>Whether an endpoint that is open to all judges the sender alone: it has its own credentials, and the request holds neither a cookie
    /// nor what begins like an API key or a token of the realm.</summary>
    private static bool IsUpTo(EndpointMetadataCollection endpoint, HttpRequest request) =>
        endpoint.GetMetadata<OwnCredentials>() is not null && endpoint.GetMetadata<OpenToAll>() is not null
            && request.Headers.Cookie.Count == 0 && !(ApiKeyText.Given(request) is { } given && (IsApiKey(given) || IsToken(given)));

    private static bool IsApiKey(string given) => given.StartsWith(ApiKeyText.Prefix, StringComparison.Ordinal);

    private static bool IsToken(string given) => given.StartsWith("eyJ", StringComparison.Ordinal) && given.Count(one => one == '.') == 2;

    private static bool IsByCookie(HttpContext context) =>
        Caller.Of(context.User) is { Kind: "session" } || context.User.Identity?.AuthenticationType == KeySession.SchemeName;

    private static ProblemHttpResult UnknownHost(HostString host) => TypedResults.Problem(
        $"The API does not accept the host name '{OneLine.Of(host.Host, 100)}'. To allow it, add the name to Forwarder:Access:AllowedHosts "
            + "(Forwarder__Access__AllowedHosts__0 in the environment).",
        statusCode: StatusCodes.Status421MisdirectedRequest, title: "Unknown host");

    private static ProblemHttpResult OtherPort(int port) => TypedResults.Problem(
        $"/health and /metrics are served only on port {port} (Forwarder:Access:ProbePort), which serves nothing else.",
        statusCode: StatusCodes.Status404NotFound, title: "Other port");

    private static ProblemHttpResult Unmeant => TypedResults.Problem(
        $"A session alone may not change anything: send the header {SignIn.CsrfHeader} with any value, which pages of other sites cannot do.",
        statusCode: StatusCodes.Status403Forbidden, title: "CSRF header missing");

    private static ProblemHttpResult ForeignPage => TypedResults.Problem(
        "A page of another site sent this request, but only pages of this address may change anything. If there is a proxy, let it forward the host "
            + "and the scheme that the browser used.",
        statusCode: StatusCodes.Status403Forbidden, title: "Foreign page");
}
