using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http.Features;
using SiemForwarder.Connections.Network;

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

    /// <summary>Answers when the response starts, so that a caller who asks for the headers first reads the body as it is written.</summary>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        var answer = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var context = new DefaultHttpContext();
        var start = new AnswerStart();
        context.Features.Set<IHttpResponseFeature>(start);
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(new AnswerBody(start, answer.Writer.AsStream(leaveOpen: true))));
        context.Features.Set<IHttpRequestBodyDetectionFeature>(new GivenBody(body.Length > 0));
        Fill(context, request, body);
        present(context);
        _ = EnterAsync(context, start, answer.Writer, cancellationToken);
        await start.Started;

        var message = new HttpResponseMessage((HttpStatusCode)context.Response.StatusCode) { Content = new StreamContent(answer.Reader.AsStream()) };
        foreach (var (name, values) in context.Response.Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                message.Content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        return message;
    }

    private static void Fill(DefaultHttpContext context, HttpRequestMessage request, byte[] body)
    {
        var (inner, url) = (context.Request, request.RequestUri!);
        (inner.Method, inner.Scheme, inner.Host) = (request.Method.Method, url.Scheme, new HostString(url.Host));
        (inner.Path, inner.QueryString) = (PathString.FromUriComponent(url), QueryString.FromUriComponent(url));
        (inner.Body, inner.ContentLength, inner.ContentType) = (new MemoryStream(body), body.Length, request.Content?.Headers.ContentType?.ToString());
        foreach (var (name, values) in request.Headers.NonValidated)
        {
            inner.Headers[name] = values.ToArray();
        }
    }

    private async Task EnterAsync(HttpContext context, AnswerStart start, PipeWriter answer, CancellationToken cancellationToken)
    {
        var fault = (Exception?)null;
        try
        {
            await using var scope = services.CreateAsyncScope();
            (context.RequestServices, context.RequestAborted) = (scope.ServiceProvider, cancellationToken);
            await services.GetRequiredService<FrontDoor>().EnterAsync(context);
            await start.StartAsync();
        }
        catch (Exception exception)
        {
            // Whoever waits for the answer gets it.
            fault = exception;
            start.Fail(exception);
        }
        finally
        {
            await answer.CompleteAsync(fault);
        }
    }
    /// <summary>Tells the framework whether the request has a body, which a real server would know.</summary>
    private sealed record GivenBody(bool CanHaveBody) : IHttpRequestBodyDetectionFeature;

    /// <summary>Keeps what is to happen when the response starts, such as the record of a refusal, which a real server would do.</summary>
    private sealed class AnswerStart : HttpResponseFeature
    {
        private readonly Stack<(Func<object, Task> Callback, object State)> callbacks = new();
        private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Ends when the response has started.</summary>
        public Task Started => started.Task;

        public override bool HasStarted => started.Task.IsCompleted;

        public override void OnStarting(Func<object, Task> callback, object state) => callbacks.Push((callback, state));

        public async Task StartAsync()
        {
            while (callbacks.TryPop(out var one))
            {
                await one.Callback(one.State);
            }

            started.TrySetResult();
        }

        public void Fail(Exception exception) => started.TrySetException(exception);
    }

    /// <summary>Starts the response with its first byte.</summary>
    private sealed class AnswerBody(AnswerStart start, Stream inner) : DelegatingStream(inner)
    {
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await start.StartAsync();
            await base.WriteAsync(buffer, cancellationToken);
        }

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
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
