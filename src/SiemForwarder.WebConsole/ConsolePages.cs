using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor.Services;
using SiemForwarder.WebConsole.Api;
using SiemForwarder.WebConsole.Assets;
using SiemForwarder.WebConsole.Layout;

namespace SiemForwarder.WebConsole;

/// <summary>Registers what the pages need, and maps them; the service says who may open them.</summary>
public static class ConsolePages
{
    public static IServiceCollection AddWebConsole(this IServiceCollection services)
    {
        services.AddRazorComponents().AddInteractiveServerComponents();
        services.AddCascadingAuthenticationState();
        services.AddMudServices();
        services.AddScoped<ConsoleApi>().AddScoped<Notices>();
        services.AddSingleton<ConsoleFiles>();
        return services;
    }

    /// <summary>The pages, and the connection over which they live.</summary>
    /// <remarks>No page takes a form: what changes something goes through the API, which has its own protection.</remarks>
    public static IEndpointConventionBuilder MapConsolePages(this IEndpointRouteBuilder routes) =>
        routes.MapRazorComponents<App>().AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null).DisableAntiforgery();

    /// <summary>The scripts and styles.</summary>
    public static IEndpointConventionBuilder MapConsoleFiles(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/console/files/{name}", (string name, HttpContext context, ConsoleFiles files) => files.SendAsync(name, context))
            .ExcludeFromDescription();

    /// <summary>The sign-in page.</summary>
    /// <param name="returnUrl">Path to go on to.</param>
    /// <param name="hasRealm">Whether people can sign in at a realm.</param>
    /// <param name="fault">Why the last attempt failed; null for the first.</param>
    /// <param name="status">Status of the answer.</param>
    public static IResult SignIn(string returnUrl, bool hasRealm, string? fault, int status) =>
        new RazorComponentResult<SignInPage>(new { ReturnUrl = returnUrl, HasRealm = hasRealm, Fault = fault }) { StatusCode = status };
}
