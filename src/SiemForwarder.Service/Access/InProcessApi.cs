using System.Net;
using Microsoft.AspNetCore.Http.Features;

namespace SiemForwarder.Service.Access;

/// <summary>Passes requests to the service in this process, through everything that a request from outside goes through.</summary>
/// <param name="services">Services of the application.</param>
/// <param name="present">Says who asks: sets the user of the request, or the credentials that it is to be known by.</param>
internal sealed class InProcessApi(IServiceProvider services, Action<HttpContext> present) : HttpMessageHandler
{
    private const string Scheme = "in-process";

    /// <summary>On behalf of a caller without credentials, such as a configuration file.</summary>
    public InProcessApi(IServiceProvider services, Caller caller)
        : this(services, context => context.User = caller.ToPrincipal(Scheme))
    {
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        await using var scope = services.CreateAsyncScope();
        using var body = new MemoryStream(request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken));
        using var answer = new MemoryStream();
        var response = new AnswerStart();
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpResponseFeature>(response);
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(answer));
        context.Features.Set<IHttpRequestBodyDetectionFeature>(new GivenBody(body.Length > 0));
        (context.RequestServices, context.RequestAborted) = (scope.ServiceProvider, cancellationToken);
        var (inner, url) = (context.Request, request.RequestUri!);
        (inner.Method, inner.Scheme, inner.Host) = (request.Method.Method, url.Scheme, new HostString(url.Host));
        (inner.Path, inner.QueryString) = (PathString.FromUriComponent(url), QueryString.FromUriComponent(url));
        (inner.Body, inner.ContentLength, inner.ContentType) = (body, body.Length, request.Content?.Headers.ContentType?.ToString());
        foreach (var (name, values) in request.Headers.NonValidated)
        {
            context.Request.Headers[name] = values.ToArray();
        }

        present(context);
        await services.GetRequiredService<FrontDoor>().EnterAsync(context);
        await response.StartAsync();

        var message = new HttpResponseMessage((HttpStatusCode)context.Response.StatusCode) { Content = new ByteArrayContent(answer.ToArray()) };
        foreach (var (name, values) in context.Response.Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                message.Content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        return message;
    }

    /// <summary>Tells the framework whether the request has a body, which a real server would know.</summary>
    private sealed record GivenBody(bool CanHaveBody) : IHttpRequestBodyDetectionFeature;

    /// <summary>Keeps what is to happen when the response starts, such as the record of a refusal, which a real server would do.</summary>
    private sealed class AnswerStart : HttpResponseFeature
    {
        private readonly Stack<(Func<object, Task> Callback, object State)> callbacks = new();

        public override void OnStarting(Func<object, Task> callback, object state) => callbacks.Push((callback, state));

        public async Task StartAsync()
        {
            while (callbacks.TryPop(out var one))
            {
                await one.Callback(one.State);
            }
        }
    }
}

/// <summary>Where every request enters: the whole of the service behind its server.</summary>
internal sealed class FrontDoor
{
    private RequestDelegate? inside;

    /// <summary>Must come before everything else that inspects requests.</summary>
    public void Open(IApplicationBuilder app) => app.Use(next => inside = next);

    /// <exception cref="InvalidOperationException">The service is not listening yet.</exception>
    public Task EnterAsync(HttpContext context) => (inside ?? throw new InvalidOperationException("The service is not listening yet."))(context);
}
