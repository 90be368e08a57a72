using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Access;

/// <summary>Stands before everything else: which names the API answers under, and that no page of another site changes anything.</summary>
internal static class AccessRegistration
{
    public static IServiceCollection AddAccess(this IServiceCollection services)
    {
        services.AddSettings<AccessOptions>(AccessOptions.Section);
        return services;
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

    private static ProblemHttpResult UnknownHost(HostString host) => TypedResults.Problem(
        $"The API is not known under the name '{OneLine.Of(host.Host, 100)}'. If it is meant to be, add the name to Forwarder:Access:AllowedHosts "
            + "(Forwarder__Access__AllowedHosts__0 in the environment).",
        statusCode: StatusCodes.Status421MisdirectedRequest, title: "Unknown host");

    private static ProblemHttpResult ForeignPage => TypedResults.Problem(
        "A page of another site sent this request, and only pages of this address may change anything. Behind a proxy, let it pass on the host "
            + "and the scheme that the browser used.",
        statusCode: StatusCodes.Status403Forbidden, title: "Foreign page");
}
