using Microsoft.Extensions.Options;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Access.Keys;
using SiemForwarder.Service.Access.Realms;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Audit;
using SiemForwarder.Service.Configuration;
using SiemForwarder.Service.Detections;
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
using SiemForwarder.Service.Memory;
using SiemForwarder.Service.Operations;
using SiemForwarder.Service.Pages;
using SiemForwarder.Service.Preview;
using SiemForwarder.Service.Settings;
using SiemForwarder.Service.Sources;
using SiemForwarder.Service.Status;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service;

/// <summary>Assembles the service, in the order of the flow.</summary>
internal static class ForwarderHost
{
    // With it a stop ends within ten seconds, which service managers and Kubernetes allow for.
    private static readonly TimeSpan StopBound = TimeSpan.FromSeconds(8);

    public const string DefaultUrl = "http://127.0.0.1:8080";

    /// <summary>Invalid settings, one sentence each; starts and opens nothing.</summary>
    public static async Task<IReadOnlyList<string>> FindWrongSettingsAsync(string[] args)
    {
        try
        {
            var builder = CreateBuilder(args);
            Register(builder, "Host=none");
            var faults = Listening.FindWrongUrls(builder.Configuration)
                .Concat(SettingsCheck.Find(builder.Configuration, Sections(builder), CrashPoint.Setting)).ToList();
            if (faults.Count == 0)
            {
                // Only creates validators: no application, and nothing that opens resources.
                await using var services = builder.Services.BuildServiceProvider();
                services.GetRequiredService<IStartupValidator>().Validate();
            }

            return faults;
        }
        catch (OptionsValidationException exception)
        {
            return [.. exception.Failures];
        }
        catch (AggregateException exception) when (exception.InnerExceptions.All(one => one is OptionsValidationException))
        {
            return [.. exception.InnerExceptions.Cast<OptionsValidationException>().SelectMany(one => one.Failures)];
        }
    }

    /// <summary>All configuration sections that are read.</summary>
    public static IReadOnlyList<SettingsSection> Sections()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        Register(builder, "Host=none");
        return Sections(builder);
    }

    private static IReadOnlyList<SettingsSection> Sections(WebApplicationBuilder builder) =>
        [.. builder.Services.Where(one => one.ServiceType == typeof(SettingsSection)).Select(one => one.ImplementationInstance).Cast<SettingsSection>()];

    /// <summary>Builds the application on a database; nothing runs yet.</summary>
    public static WebApplication Build(string[] args, string connectionString, Action<WebApplicationBuilder>? customize = null)
    {
        var builder = CreateBuilder(args);
        Register(builder, connectionString);
        customize?.Invoke(builder);

        var app = builder.Build();
        app.Services.GetRequiredService<FrontDoor>().Open(app);
        // Its share of the memory is set aside and shown before the first push.
        _ = app.Services.GetRequiredService<InboxMemoryBudget>();
        app.UseReverseProxy();
        app.UseRequestLog();
        app.UseRefusalRecord();
        app.UseAccess();
        app.UseApi();
        app.UseCallers();
        app.UseConsole();
        // Pushes are traffic, not changes; the filters of the other endpoints would only slow them down.
        app.MapPushes();
        var routes = app.RecordChanges();
        routes.MapKeys();
        routes.MapRoles();
        routes.MapSignIn();
        routes.MapSources();
        routes.MapSourceStatus();
        routes.MapIntegrations();
        routes.MapChangeApprovals();
        routes.MapPause();
        routes.MapRetries();
        routes.MapPresets();
        routes.MapTests();
        routes.MapRehearsals();
        routes.MapRedrive();
        routes.MapReplays();
        routes.WithRuleProvenance(PlannedChange.Rule, "rule file").MapRules();
        routes.MapCoverage();
        routes.MapBacktests();
        routes.MapRuleArchives();
        routes.WithRuleProvenance(PlannedChange.RuleList, "list").MapRuleLists();
        routes.MapPreviews();
        routes.MapVolumes();
        routes.MapStatus();
        routes.MapSupport();
        routes.MapSettings();
        routes.MapMemory();
        routes.MapAlarms();
        routes.MapFlow();
        routes.MapAudit();
        routes.MapEvidence();
        routes.MapCatalogues();
        routes.MapEngines();
        routes.MapConfiguration();
        routes.MapHealth();
        app.MapConsole();
        var counters = app.MapMetrics();
        _ = app.Services.GetRequiredService<IOptions<AccessOptions>>().Value.MetricsNeedKey
            ? counters.Needs(Permission.ReadStates)
            : counters.Open("Monitoring has no key unless Forwarder:Access:MetricsNeedKey is set; they contain counts and names of integrations and sources.");
        return app;
    }

    private static void Register(WebApplicationBuilder builder, string connectionString)
    {
        // A push that trickles in, or a page that stays open, does not hold up a stop.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopBound);
        builder.Services.AddSettings<ForwarderOptions>(ForwarderOptions.Section);
        builder.Services.AddSettings<EgressOptions>(EgressOptions.Section);
        builder.Services.AddSingleton(provider => provider.GetRequiredService<IOptions<EgressOptions>>().Value
            .ToPolicy(Listening.IsOnLoopbackAlone(provider.GetRequiredService<IConfiguration>())));
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddStorage(connectionString);
        builder.AddTelemetry();
        builder.Services.AddMemory();
        builder.Services.AddEngine();
        builder.Services.AddEventLog();
        builder.Services.AddInbox();
        builder.Services.AddSources();
        builder.Services.AddIntegrations();
        builder.Services.AddDispatch();
        builder.Services.AddDetections();
        builder.Services.AddPreview();
        builder.Services.AddStatus();
        builder.Services.AddOperations();
        builder.Services.AddAudit();
        builder.Services.AddEvidence();
        builder.Services.AddDeclaredConfiguration();
        builder.AddApi();
        builder.AddAccess();
        builder.Services.AddConsole();
    }

    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.AddServiceLog();
        if (Listening.Urls(builder.Configuration).Count == 0)
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }

        return builder;
    }
}
