using Serilog;
using Serilog.Extensions.Logging;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Dispatch;
using SiemForwarder.Service.Dispatch.Redrive;
using SiemForwarder.Service.Dispatch.Replays;
using SiemForwarder.Service.Dispatch.Testing;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Evidence;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Integrations.Presets;
using SiemForwarder.Service.Operations;
using SiemForwarder.Service.Preview;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Status;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service;

/// <summary>Puts the service together, in the order of the flow.</summary>
internal static class ForwarderHost
{
    public const string DefaultUrl = "http://127.0.0.1:8080";

    /// <summary>Builds the application on a database; nothing runs yet.</summary>
    public static WebApplication Build(string[] args, string connectionString, Action<WebApplicationBuilder>? customize = null)
    {
        var builder = CreateBuilder(args);
        builder.Services.AddOptions<ForwarderOptions>().BindConfiguration(ForwarderOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddStorage(connectionString);
        builder.Services.AddSingleton<ForwarderTelemetry>().AddSingleton<MetricsEndpoint>();
        builder.Services.AddEngine();
        builder.Services.AddEventLog();
        builder.Services.AddInbox();
        builder.Services.AddSources();
        builder.Services.AddIntegrations();
        builder.Services.AddDispatch();
        builder.Services.AddPreview();
        builder.Services.AddStatus();
        builder.Services.AddOperations();
        builder.Services.AddEvidence();
        builder.AddApi();
        builder.Services.AddAccess();
        customize?.Invoke(builder);

        var app = builder.Build();
        app.UseAccess();
        app.UseApi();
        app.MapSources();
        app.MapSourceStatus();
        app.MapPushes();
        app.MapIntegrations();
        app.MapPause();
        app.MapPresets();
        app.MapTests();
        app.MapRedrive();
        app.MapReplays();
        app.MapPreviews();
        app.MapVolumes();
        app.MapStatus();
        app.MapAlarms();
        app.MapEvidence();
        app.MapCatalogues();
        app.MapEngines();
        app.MapHealth();
        var metrics = app.Services.GetRequiredService<MetricsEndpoint>();
        app.MapGet("/metrics", () => TypedResults.Text(metrics.Write(), "text/plain; version=0.0.4")).WithTags("Health").WithName("GetMetrics")
            .WithSummary("Counters in Prometheus' text format.");
        return app;
    }

    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var logger = new LoggerConfiguration().ReadFrom.Configuration(builder.Configuration).Enrich.FromLogContext().Enrich.With<SafeLog>()
            // Kestrel calls it an error that a body which came too slowly was given up; whoever may be refused may not fill the log with it.
            .Filter.ByExcluding(one => one.MessageTemplate.Text.Contains("automatic draining of the request body failed", StringComparison.Ordinal))
            // Why the service could not start is thrown as well, and told in one sentence.
            .Filter.ByExcluding(one => one.MessageTemplate.Text is "Hosting failed to start" or "Unable to start Kestrel.")
            .CreateLogger();
        // Levels are Serilog's alone to judge.
        builder.Logging.ClearProviders().AddFilter<SafeLoggerProvider<SerilogLoggerProvider>>(null, LogLevel.Trace)
            .AddProvider(new SafeLoggerProvider<SerilogLoggerProvider>(new SerilogLoggerProvider(logger, dispose: true)));
        if (builder.Configuration["urls"] is null && builder.Configuration.GetSection("Kestrel:Endpoints").Value is null)
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }

        return builder;
    }
}
