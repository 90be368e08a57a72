using System.Globalization;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using SiemForwarder.Service.Settings;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Telemetry;

/// <summary>Registers what the service tells of itself: metrics always, OTLP by the standard variables where an endpoint is set.</summary>
internal static class TelemetryRegistration
{
    /// <summary>The meters of .NET, ASP.NET Core and Npgsql whose metrics are shown beside those of the service.</summary>
    private static readonly string[] OtherMeters =
        ["System.Runtime", "System.Net.Http", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Npgsql"];

    // Not System.Net.Http: its spans hold URLs, and those of some destinations hold secrets.
    private static readonly string[] OtherSources = ["Microsoft.AspNetCore", "Npgsql"];

    public static WebApplicationBuilder AddTelemetry(this WebApplicationBuilder builder)
    {
        builder.Services.AddSettings<LogOptions>(LogOptions.Section);
        builder.Services.AddSingleton<DatabaseOutage>().AddHostedService<DatabaseOutageService>();
        builder.Services.AddSingleton(services => new ForwarderMetrics(services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(services => new ForwarderTelemetry(
            services.GetRequiredService<ILogger<ForwarderTelemetry>>(), services.GetRequiredService<DatabaseConnections>(),
            services.GetRequiredService<DatabaseOutage>(), services.GetRequiredService<ForwarderMetrics>(), services.GetRequiredService<TimeProvider>()));
        builder.Services.ConfigureOpenTelemetryMeterProvider(
            (services, metrics) => metrics.AddMeter(services.GetRequiredService<ForwarderMetrics>().MeterName));
        var telemetry = builder.Services.AddOpenTelemetry()
            // The variables come last: what an operator names the service counts.
            .ConfigureResource(resource => resource.Clear().AddService("siemforwarder", serviceVersion: ServiceBuild.Version)
                .AddTelemetrySdk().AddEnvironmentVariableDetector())
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(OtherMeters).SetExemplarFilter(ExemplarFilterType.TraceBased)
                    .AddPrometheusExporter(options => options.ScopeInfoEnabled = false);
                if (Exports(builder.Configuration, "METRICS"))
                {
                    metrics.AddOtlpExporter(options => Apply(builder.Configuration, "METRICS", options));
                }
            });
        if (Exports(builder.Configuration, "TRACES"))
        {
            telemetry.WithTracing(traces => traces.AddSource([ForwarderTracing.SourceName, .. OtherSources])
                .AddOtlpExporter(options => Apply(builder.Configuration, "TRACES", options)));
        }

        if (Exports(builder.Configuration, "LOGS"))
        {
            telemetry.WithLogging(
                logs => logs.AddOtlpExporter(options => Apply(builder.Configuration, "LOGS", options)), options => options.IncludeFormattedMessage = true);
        }

        return builder;
    }

    /// <summary>Answers a scrape: OpenMetrics with exemplars where the scraper asks for it, else Prometheus' text format.</summary>
    public static RouteHandlerBuilder MapMetrics(this WebApplication app)
    {
        var exporter = ((IEndpointRouteBuilder)app).CreateApplicationBuilder().UseOpenTelemetryPrometheusScrapingEndpoint(_ => true).Build();
        return app.MapGet("/metrics", (HttpContext context, CancellationToken _) => exporter(context)).WithTags("Health").WithName("GetMetrics")
            .WithSummary("Returns metrics in the Prometheus text format, or as OpenMetrics if asked for.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain");
    }

    /// <summary>Whether a signal is exported: an endpoint is set for it or for all, and its exporter is not <c>none</c>.</summary>
    private static bool Exports(ConfigurationManager configuration, string signal)
    {
        return (IsSet("OTEL_EXPORTER_OTLP_ENDPOINT") || IsSet($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"))
            && !Is($"OTEL_{signal}_EXPORTER", "none") && !Is("OTEL_SDK_DISABLED", "true");

        bool IsSet(string name) => !string.IsNullOrWhiteSpace(configuration[name]);

        bool Is(string name, string value) => value.Equals(configuration[name], StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The variables of one signal, which the exporter itself does not read; they win over those of all.</summary>
    private static void Apply(ConfigurationManager configuration, string signal, OtlpExporterOptions options)
    {
        if (Of("ENDPOINT") is { } endpoint && Uri.TryCreate(endpoint, UriKind.Absolute, out var url))
        {
            // As it stands: the path of the signal is part of it.
            options.Endpoint = url;
        }

        if (Of("PROTOCOL") is { } protocol)
        {
            options.Protocol = protocol == "http/protobuf" ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
        }

        options.Headers = Of("HEADERS") ?? options.Headers;
        if (int.TryParse(Of("TIMEOUT"), CultureInfo.InvariantCulture, out var timeout))
        {
            options.TimeoutMilliseconds = timeout;
        }

        string? Of(string name) => configuration[$"OTEL_EXPORTER_OTLP_{signal}_{name}"] is { Length: > 0 } value ? value : null;
    }
}
