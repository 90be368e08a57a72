using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Access.Keys;

namespace SiemForwarder.Service.Access;

/// <summary>Stands before everything else: which names the API answers under, that no page of another site changes anything, and who may do what.</summary>
internal static class AccessRegistration
{
    public static WebApplicationBuilder AddAccess(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<AccessOptions>().BindConfiguration(AccessOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<ApiKeyTable>().AddSingleton<ApiKeyDirectory>().AddSingleton<AdminKeyFile>().AddSingleton<GuessingGuard>()
            .AddSingleton<ApiKeyJudge>().AddHostedService<FirstKey>();
        services.AddAuthentication(ApiKeyAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.SchemeName, null);
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AccessAnswers>();
        services.AddAuthorization(options =>
        {
            foreach (var permission in Enum.GetValues<Permission>())
            {
                options.AddPolicy(permission.ToString(), policy => policy.RequireAuthenticatedUser()
                    .RequireAssertion(context => Caller.Of(context.User)?.May(permission) == true));
            }

            // What names no permission is closed. Where there is no endpoint at all, whoever is known is told so.
            options.FallbackPolicy = new AuthorizationPolicyBuilder().RequireAuthenticatedUser()
                .RequireAssertion(context => context.Resource is HttpContext http && http.GetEndpoint() is not RouteEndpoint).Build();
        });
        return builder.AddAccessToDescription();
    }

    public static void UseAccess(this WebApplication app)
    {
        var hosts = KnownHosts.Of(app.Configuration, app.Services.GetRequiredService<IOptions<AccessOptions>>().Value);
        app.Use((context, next) =>
        {
            AnswerHeaders.AddTo(context);
            if (!hosts.Contains(context.Request.Host))
            {
                return UnknownHost(context.Request.Host).ExecuteAsync(context);
            }

            return RequestOrigin.IsForeign(context.Request) ? ForeignPage.ExecuteAsync(context) : next(context);
        });
    }

    /// <summary>Lets nobody pass to an endpoint who may not call it; stands behind what turns faults into answers.</summary>
    public static void UseCallers(this WebApplication app)
    {
        app.UseDescription();
        app.UseAuthentication();
        app.UseAuthorization();
    }

    private static ProblemHttpResult UnknownHost(HostString host) => TypedResults.Problem(
        $"The API is not known under the name '{OneLine.Of(host.Host, 100)}'. If it is meant to be, add the name to Forwarder:Access:AllowedHosts "
            + "(Forwarder__Access__AllowedHosts__0 in the environment).",
        statusCode: StatusCodes.Status421MisdirectedRequest, title: "Unknown host");

    private static ProblemHttpResult ForeignPage => TypedResults.Problem(
        "A page of another site sent this request, and only pages of this address may change anything. Behind a proxy, let it pass on the host "
            + "and the scheme that the browser used.",
        statusCode: StatusCodes.Status403Forbidden, title: "Foreign page");
}
