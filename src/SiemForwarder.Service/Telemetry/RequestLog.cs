using Serilog.Events;

namespace SiemForwarder.Service.Telemetry;

/// <summary>One log line per request: changes at Information, server errors at Warning, everything else at Debug.</summary>
internal static class RequestLog
{
    /// <summary>Must come before everything that responds, so that refusals are logged too.</summary>
    public static void UseRequestLog(this WebApplication app)
    {
        var log = app.Services.GetRequiredService<Serilog.ILogger>().ForContext(typeof(RequestLog));
        var time = app.Services.GetRequiredService<TimeProvider>();
        app.Use(async (context, next) =>
        {
            var began = time.GetTimestamp();
            try
            {
                await next(context);
            }
            catch (Exception exception) when (Write(log, context, StatusCodes.Status500InternalServerError, time.GetElapsedTime(began), exception))
            {
                throw;
            }

            Write(log, context, context.Response.StatusCode, time.GetElapsedTime(began), null);
        });
    }

    // Always true, so that a fault is logged where it passes.
    private static bool Write(Serilog.ILogger log, HttpContext context, int status, TimeSpan took, Exception? exception)
    {
        var level = Level(context, status);
        if (log.IsEnabled(level))
        {
            log.Write(
                level, exception, "{RequestMethod} {RequestPath} answered {StatusCode} in {Elapsed:0} ms.", context.Request.Method,
                context.Request.Path.ToString(), status, took.TotalMilliseconds);
        }

        return true;
    }

    // Pushes are traffic, like polled events: the metrics count them.
    private static LogEventLevel Level(HttpContext context, int status) => status switch
    {
        StatusCodes.Status503ServiceUnavailable => LogEventLevel.Debug,
        >= 500 => LogEventLevel.Warning,
        _ when HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || HttpMethods.IsOptions(context.Request.Method) =>
            LogEventLevel.Debug,
        < 300 when !context.Request.Path.Value!.EndsWith("/events", StringComparison.OrdinalIgnoreCase) => LogEventLevel.Information,
        _ => LogEventLevel.Debug,
    };
}
