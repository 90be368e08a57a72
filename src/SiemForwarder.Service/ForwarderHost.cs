using Microsoft.Extensions.Options;
using Serilog;
using Serilog.Extensions.Logging;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Access.Keys;
using SiemForwarder.Service.Access.Realms;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Audit;
using SiemForwarder.Service.Dispatch;
using SiemForwarder.Service.Dispatch.Redrive;
using SiemForwarder.Service.Dispatch.Replays;
using SiemForwarder.Service.Dispatch.Retries;
using SiemForwarder.Service.Dispatch.Testing;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.EventLog;
using SiemForwarder.Service.Evidence;
using SiemForwarder.Service.Inbox;
using SiemForwarder.Service.Integrations;
using SiemForwarder.Service.Integrations.Presets;
using SiemForwarder.Service.Operations;
using SiemForwarder.Service.Preview;
using SiemForwarder.Service.Settings;
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
        builder.Services.AddSettings<ForwarderOptions>(ForwarderOptions.Section);
        builder.Services.AddSettings<EgressOptions>(EgressOptions.Section);
        builder.Services.AddSingleton(provider => provider.GetRequiredService<IOptions<EgressOptions>>().Value
            .ToPolicy(Listening.IsOnLoopbackAlone(provider.GetRequiredService<IConfiguration>())));
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
        builder.Services.AddAudit();
        builder.Services.AddEvidence();
        builder.AddApi();
        builder.AddAccess();
        customize?.Invoke(builder);

        var app = builder.Build();
        app.UseRequestLog();
        app.UseRefusalRecord();
        app.UseAccess();
        app.UseApi();
        app.UseCallers();
        // Pushes are traffic and no changes; what stands in front of the handlers of all others would only cost them time.
        app.MapPushes();
        var routes = app.RecordChanges();
        routes.MapKeys();
        routes.MapSignIn();
        routes.MapSources();
        routes.MapSourceStatus();
        routes.MapIntegrations();
        routes.MapPause();
        routes.MapRetries();
        routes.MapPresets();
        routes.MapTests();
        routes.MapRedrive();
        routes.MapReplays();
        routes.MapPreviews();
        routes.MapVolumes();
        routes.MapStatus();
        routes.MapAlarms();
        routes.MapAudit();
        routes.MapEvidence();
        routes.MapCatalogues();
        routes.MapEngines();
        routes.MapHealth();
        var metrics = app.Services.GetRequiredService<MetricsEndpoint>();
        var counters = app.MapGet("/metrics", () => TypedResults.Text(metrics.Write(), "text/plain; version=0.0.4")).WithTags("Health").WithName("GetMetrics")
            .WithSummary("Counters in Prometheus' text format.");
        _ = app.Services.GetRequiredService<IOptions<AccessOptions>>().Value.MetricsNeedKey
            ? counters.Needs(Permission.ReadStates)
            : counters.Open("Monitoring has no key, unless Forwarder:Access:MetricsNeedKey says so; it counts, and names integrations and sources.");
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
        builder.Services.AddSerilog(logger);
        builder.Services.AddSingleton<ILoggerFactory>(_ => new SafeLoggerFactory(new SerilogLoggerFactory(logger, dispose: true)));
        if (builder.Configuration["urls"] is null && !builder.Configuration.GetSection("Kestrel:Endpoints").Exists())
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }

        return builder;
    }
}
