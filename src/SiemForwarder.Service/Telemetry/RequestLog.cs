using Serilog;
using Serilog.Events;

namespace SiemForwarder.Service.Telemetry;

/// <summary>One log line per request: changes at Information, server errors at Warning, everything else at Debug.</summary>
internal static class RequestLog
{
    /// <summary>Must come before everything that responds, so that refusals are logged too.</summary>
    public static void UseRequestLog(this WebApplication app) => app.UseSerilogRequestLogging(options =>
    {
        options.Logger = app.Services.GetRequiredService<Serilog.ILogger>();
        options.MessageTemplate = "{RequestMethod} {RequestPath} answered {StatusCode} in {Elapsed:0} ms.";
        options.GetLevel = (context, _, _) => Level(context);
    });

    // Pushes are traffic, like polled events: the metrics count them.
    private static LogEventLevel Level(HttpContext context) => context switch
    {
        { Response.StatusCode: StatusCodes.Status503ServiceUnavailable } => LogEventLevel.Debug,
        { Response.StatusCode: >= 500 } => LogEventLevel.Warning,
        _ when HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || HttpMethods.IsOptions(context.Request.Method) =>
            LogEventLevel.Debug,
        { Response.StatusCode: < 300 } when !context.Request.Path.Value!.EndsWith("/events", StringComparison.OrdinalIgnoreCase) => LogEventLevel.Information,
        _ => LogEventLevel.Debug,
    };
}
