using System.Globalization;
using Microsoft.Extensions.Options;
using Serilog;
using Serilog.Extensions.Logging;
using Serilog.Formatting.Compact;
using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Telemetry;

/// <summary>The format of log entries.</summary>
internal enum LogFormat
{
    Text,

    /// <summary>Serilog's compact format.</summary>
    Json,
}

/// <summary>The service's own log; section <c>Forwarder:Log</c>.</summary>
internal sealed class LogOptions
{
    public const string Section = "Forwarder:Log";

    /// <summary>Format: <c>text</c>, one readable line per entry, or <c>json</c>, one object per line; <c>Serilog__WriteTo</c> overrides it.</summary>
    [DefaultInWords("`json` in a container (`DOTNET_RUNNING_IN_CONTAINER`), else `text`")]
    public LogFormat? Format { get; set; }
}

/// <summary>Sets up the service's own log: the console, and OTLP where an endpoint is set.</summary>
internal static class ServiceLog
{
    private const string Line = "{Timestamp:yyyy-MM-ddTHH:mm:ss.fffzzz} {Level:u3} {Message:lj}{NewLine}{Exception}";

    /// <exception cref="OptionsValidationException">With one sentence for the operator.</exception>
    public static void AddServiceLog(this WebApplicationBuilder builder)
    {
        // Those of the host would write each entry a second time.
        builder.Logging.ClearProviders();
        var providers = new LoggerProviderCollection();
        var recent = new RecentLog();
        var logger = Read(builder.Configuration).WriteTo.Providers(providers).Enrich.FromLogContext().Enrich.With<SafeLog>()
            // Kestrel logs an error if it abandons a slow body; rejected senders must not be able to fill the log with it.
            .Filter.ByExcluding(one => one.MessageTemplate.Text.Contains("automatic draining of the request body failed", StringComparison.Ordinal))
            // The reason is also thrown, and reported in one sentence.
            .Filter.ByExcluding(one => one.MessageTemplate.Text is "Hosting failed to start" or "Unable to start Kestrel.")
            .WriteTo.Sink(recent)
            .CreateLogger();
        builder.Services.AddSerilog(logger).AddSingleton(recent);
        builder.Services.AddSingleton<ILoggerFactory>(services =>
        {
            foreach (var provider in services.GetServices<ILoggerProvider>())
            {
                providers.AddProvider(provider);
            }

            return new SafeLoggerFactory(new SerilogLoggerFactory(logger, dispose: true, providers));
        });
    }

    private static LoggerConfiguration Read(ConfigurationManager configuration)
    {
        try
        {
            var log = new LoggerConfiguration().ReadFrom.Configuration(configuration);
            return configuration.GetSection("Serilog:WriteTo").GetChildren().Any() ? log
                : IsJson(configuration) ? log.WriteTo.Console(new RenderedCompactJsonFormatter())
                : log.WriteTo.Console(outputTemplate: Line, formatProvider: CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            throw new OptionsValidationException(
                "Serilog", typeof(LoggerConfiguration),
                [$"the settings below Serilog__ cannot be used: {exception.Message.TrimEnd('.')}; see docs/settings.md."]);
        }
    }

    // Whoever reads the log of a container is a collector.
    private static bool IsJson(ConfigurationManager configuration) =>
        configuration[$"{LogOptions.Section}:{nameof(LogOptions.Format)}"] is { Length: > 0 } format
            ? nameof(LogFormat.Json).Equals(format, StringComparison.OrdinalIgnoreCase)
            : configuration["DOTNET_RUNNING_IN_CONTAINER"] is { } container
                && (container == "1" || container.Equals("true", StringComparison.OrdinalIgnoreCase));
}
