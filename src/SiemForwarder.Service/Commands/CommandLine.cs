using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Commands.Demo;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Settings;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Service.Commands;

/// <summary>The commands of the program: serving (none named), <c>demo</c> and <c>health</c>.</summary>
internal static class CommandLine
{
    private const int Failed = 2;
    private const int Broken = 70;

    // The rest is for other engines, administrators and backups.
    private const double ShareOfConnections = 0.6;

    /// <summary>Exit code of the process.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            return args.FirstOrDefault() switch
            {
                "demo" => await DemoAsync(args[1..]),
                "health" => await HealthCommand.RunAsync(
                    Environment.GetEnvironmentVariable("Forwarder__Access__ProbePort") is { Length: > 0 } port
                        ? $"http://127.0.0.1:{port}" : Environment.GetEnvironmentVariable("ASPNETCORE_URLS"), Console.Out, CancellationToken.None),
                _ => await ServeAsync(args),
            };
        }
        catch (DatabaseStartException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return Failed;
        }
        catch (OptionsValidationException exception)
        {
            await Console.Error.WriteLineAsync($"A setting is wrong: {exception.Message}");
            return Failed;
        }
        catch (IOException exception) when (exception.InnerException is AddressInUseException)
        {
            await Console.Error.WriteLineAsync($"{exception.Message.TrimEnd('.')}. Stop what listens there, or set ASPNETCORE_URLS to another address.");
            return Failed;
        }
    }

    private static async Task<int> DemoAsync(string[] args)
    {
        if (DemoOptions.Parse(args) is not { } options)
        {
            await Console.Error.WriteLineAsync(DemoOptions.Usage);
            return Failed;
        }

        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, press) =>
        {
            press.Cancel = true;
            stop.Cancel();
        };
        return await new DemoCommand(options, TimeProvider.System).RunAsync(stop.Token);
    }

    private static async Task<int> ServeAsync(string[] args)
    {
        var configuration = ForwarderHost.CreateBuilder(args).Configuration;
        var options = configuration.GetSection(ForwarderOptions.Section).Get<ForwarderOptions>() ?? new ForwarderOptions();
        using var stop = new CancellationTokenSource();
        await using var home = await DatabaseHome.OpenAsync(configuration.GetConnectionString("Forwarder"), options.DataFolder, stop.Token);
        var ownKeys = home.IsOwn && string.IsNullOrWhiteSpace(configuration[$"{SecretsOptions.Section}:{nameof(SecretsOptions.MasterKeyFile)}"])
            ? Path.Combine(Path.GetFullPath(options.DataFolder), "master-key")
            : null;
        if (ownKeys is not null)
        {
            MasterKeys.Make(ownKeys);
        }

        var granted = await DatabaseStart.CheckAsync(home.ConnectionString, TimeProvider.System, stop.Token);
        await using var app = ForwarderHost.Build(args, home.ConnectionString, builder => builder.Services
            .AddSingleton(home).AddHostedService<DatabaseWatchService>()
            .PostConfigure<SecretsOptions>(secrets => secrets.MasterKeyFile = ownKeys ?? secrets.MasterKeyFile)
            .PostConfigure<DatabaseOptions>(database =>
                database.MaxConnections = Math.Min(database.MaxConnections, Math.Max(4, (int)(granted * ShareOfConnections)))));
        app.Logger.LogInformation("The events are kept in {Database}.", home.Description);
        foreach (var setting in SettingsRegistration.FindUnknown(configuration, app.Services.GetServices<SettingsSection>(), CrashPoint.Setting))
        {
            app.Logger.LogWarning("The setting {Setting} is not known and has no effect. docs/settings.md lists those that there are.", setting);
        }

        await app.Services.MigrateAsync(stop.Token);
        try
        {
            // Not RunAsync, which disposes what is asked below.
            await app.StartAsync(stop.Token);
            await app.WaitForShutdownAsync(stop.Token);
        }
        catch
        {
            // What had started before the fault is stopped in order: its services are about to be disposed.
            await app.StopAsync(CancellationToken.None);
            throw;
        }

        // Loops catch what their passes throw; one that ended all the same broke an invariant, and a supervisor has to hear of it.
        return app.Services.GetServices<IHostedService>().OfType<BackgroundService>().Any(service => service.ExecuteTask is { IsFaulted: true }) ? Broken : 0;
    }
}
