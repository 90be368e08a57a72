using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing.Template;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Configuration;

/// <summary>Passes requests to the API handlers of this process on behalf of its own caller; they validate, hold back and record as usual.</summary>
/// <param name="services">Services of the application.</param>
/// <param name="caller">On whose behalf.</param>
internal sealed class InProcessApi(IServiceProvider services, Caller caller) : HttpMessageHandler
{
    private const string Scheme = "in-process";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await using var scope = services.CreateAsyncScope();
        using var body = new MemoryStream(request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken));
        using var answer = new MemoryStream();
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider, User = caller.ToPrincipal(Scheme), RequestAborted = cancellationToken };
        context.Features.Set<IHttpRequestBodyDetectionFeature>(new GivenBody(body.Length > 0));
        var (inner, url) = (context.Request, request.RequestUri!);
        (inner.Method, inner.Scheme, inner.Host) = (request.Method.Method, url.Scheme, new HostString(url.Host));
        (inner.Path, inner.QueryString) = (PathString.FromUriComponent(url), QueryString.FromUriComponent(url));
        (inner.Body, inner.ContentLength, inner.ContentType) = (body, body.Length, request.Content?.Headers.ContentType?.ToString());
        foreach (var (name, values) in request.Headers.NonValidated)
        {
            context.Request.Headers[name] = values.ToArray();
        }

        context.Response.Body = answer;
        if (Find(context) is not { } endpoint)
        {
            return new HttpResponseMessage(HttpStatusCode.NotFound);
        }

        context.SetEndpoint(endpoint);
        try
        {
            await endpoint.RequestDelegate!(context);
        }
        catch (BadHttpRequestException exception)
        {
            return Refuse((HttpStatusCode)exception.StatusCode, exception.InnerException?.Message ?? exception.Message);
        }
        catch (Exception exception) when (DatabaseFault.IsUnavailable(exception))
        {
            return Refuse(HttpStatusCode.ServiceUnavailable, "The database is unavailable.");
        }

        var message = new HttpResponseMessage((HttpStatusCode)context.Response.StatusCode) { Content = new ByteArrayContent(answer.ToArray()) };
        if (context.Response.ContentType is { } type)
        {
            message.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        return message;
    }

    private RouteEndpoint? Find(HttpContext context)
    {
        foreach (var endpoint in services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
        {
            var values = new RouteValueDictionary();
            if (endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains(context.Request.Method) == true
                && new TemplateMatcher(new RouteTemplate(endpoint.RoutePattern), []).TryMatch(context.Request.Path, values))
            {
                context.Request.RouteValues = values;
                return endpoint;
            }
        }

        return null;
    }

    private static HttpResponseMessage Refuse(HttpStatusCode status, string detail) =>
        new(status) { Content = JsonContent.Create(new JsonObject { ["detail"] = detail }) };

    /// <summary>Tells the framework whether the request has a body, which a real server would know.</summary>
    private sealed record GivenBody(bool CanHaveBody) : IHttpRequestBodyDetectionFeature;
}
