using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Commands.Client;
using SiemForwarder.Service.Commands.Demo;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Service.Commands;

/// <summary>The commands of the program: <c>serve</c> (the default), <c>demo</c>, <c>health</c>, and those that call a running service.</summary>
internal static class CommandLine
{
    /// <summary>Exit code if a loop ended with a fault: EX_SOFTWARE of sysexits.h.</summary>
    internal const int Broken = 70;

    private const int Failed = 2;

    // The rest is for other engines, administrators and backups.
    private const double ShareOfConnections = 0.6;

    /// <summary>Exit code of the process.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            switch (args.FirstOrDefault())
            {
                case "demo":
                    return await DemoAsync(args[1..]);
                case "serve":
                    return await FindFaultAsync(args[1..]) ? Failed : await ServeAsync(args[1..]);
                case "health" when !args.Contains("--help"):
                    return await FindFaultAsync(args[1..]) ? Failed : await HealthCommand.RunAsync(args[1..], Console.Out, CancellationToken.None);
                // A start and a probe do not make what these commands consist of.
                case { } word when !word.StartsWith('-') && ClientCommands.All.Any(command => command.Name == word):
                    return await ClientCommands.RunAsync(args, CancellationToken.None);
                case { } word when CommandArguments.IsHelp(word) || args.Contains("--help"):
                    await Console.Out.WriteLineAsync(CommandArguments.Usage);
                    return 0;
                case "version" or "--version":
                    await Console.Out.WriteLineAsync(CommandArguments.Version);
                    return 0;
                default:
                    return await FindFaultAsync(args) ? Failed : await ServeAsync(args);
            }
        }
        catch (DatabaseStartException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return Failed;
        }
        catch (OptionsValidationException exception)
        {
            await Console.Error.WriteLineAsync($"Invalid setting: {exception.Message}");
            return Failed;
        }
        catch (IOException exception) when (exception.InnerException is AddressInUseException)
        {
            await Console.Error.WriteLineAsync(
                $"{exception.Message.TrimEnd('.')}: stop the process that listens there, or configure another address (--urls, ASPNETCORE_URLS).");
            return Failed;
        }
        catch (SocketException exception)
        {
            await Console.Error.WriteLineAsync(
                $"The service cannot listen on the configured address ({exception.Message}): choose an address and a port that this user may open (--urls, "
                    + "ASPNETCORE_URLS).");
            return Failed;
        }
    }

    private static async Task<bool> FindFaultAsync(string[] args)
    {
        // The probe of a container runs every few seconds, and has none.
        if (args.Length == 0
            || CommandArguments.FindFault(args, [.. ForwarderHost.Sections().SelectMany(section => section.List()).Select(one => one.Path)]) is not { } fault)
        {
            return false;
        }

        await Console.Error.WriteLineAsync(fault);
        return true;
    }

    private static async Task<int> DemoAsync(string[] args)
    {
        if (args.Any(CommandArguments.IsHelp))
        {
            await Console.Out.WriteLineAsync(DemoOptions.Usage);
            return 0;
        }

        if (DemoOptions.Parse(args) is not { } options)
        {
            await Console.Error.WriteLineAsync(DemoOptions.Usage);
            return Failed;
        }

        if (!File.Exists(Path.Combine(AppContext.BaseDirectory, "SiemForwarder.Simulator.dll")))
        {
            await Console.Error.WriteLineAsync("The demo is not part of this image: run it from the repository (README.md), or start docker-compose.yml.");
            return Failed;
        }

        // The first signal waits for events under way to arrive and be counted; the second exits at once.
        using var ending = new CancellationTokenSource();
        using var leaving = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        return await new DemoCommand(options, TimeProvider.System).RunAsync(ending.Token, leaving.Token);

        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            (ending.IsCancellationRequested ? leaving : ending).Cancel();
        }
    }

    private static async Task<int> ServeAsync(string[] args)
    {
        var faults = await ForwarderHost.FindWrongSettingsAsync(args);
        foreach (var fault in faults)
        {
            await Console.Error.WriteLineAsync($"Invalid setting: {fault}");
        }

        if (faults.Count > 0)
        {
            return Failed;
        }

        // Until the host takes signals itself, one ends the start, and stops the database that it has started.
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            return await ServeAsync(args, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }

        void Stop(PosixSignalContext signal)
        {
            // A second one ends a start that does not.
            signal.Cancel |= !stop.IsCancellationRequested;
            stop.Cancel();
        }
    }

    private static async Task<int> ServeAsync(string[] args, CancellationToken stop)
    {
        var configuration = ForwarderHost.CreateBuilder(args).Configuration;
        var options = configuration.GetSection(ForwarderOptions.Section).Get<ForwarderOptions>() ?? new ForwarderOptions();
        await using var home = await DatabaseHome.OpenAsync(configuration.GetConnectionString("Forwarder"), options.DataFolder, stop);
        var ownKeys = home.IsOwn && string.IsNullOrWhiteSpace(configuration[$"{SecretsOptions.Section}:{nameof(SecretsOptions.MasterKeyFile)}"])
            ? Path.Combine(Path.GetFullPath(options.DataFolder), "master-key")
            : null;
        if (ownKeys is not null)
        {
            MasterKeys.Make(ownKeys);
        }

        var granted = await DatabaseStart.CheckAsync(home.ConnectionString, TimeProvider.System, stop);
        await using var app = ForwarderHost.Build(args, home.ConnectionString, builder => builder.Services
            .AddSingleton(home).AddHostedService<DatabaseWatchService>()
            .PostConfigure<SecretsOptions>(secrets => secrets.MasterKeyFile = ownKeys ?? secrets.MasterKeyFile)
            .PostConfigure<DatabaseOptions>(database =>
                database.MaxConnections = Math.Min(database.MaxConnections, Math.Max(4, (int)(granted * ShareOfConnections)))));
        app.Logger.LogInformation("Events are stored in {Database}.", home.Description);
        await app.Services.MigrateAsync(stop);
        return await ServeAsync(app, options.DataFolder, stop);
    }

    /// <summary>Serves until the process is told to stop, or a loop ends that never should; returns the exit code.</summary>
    internal static async Task<int> ServeAsync(WebApplication app, string dataFolder, CancellationToken cancellationToken)
    {
        try
        {
            // Not RunAsync, which disposes services that are used below.
            await app.StartAsync(cancellationToken);
            var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
            if (ListeningFile.Write(dataFolder, addresses) is { } fault)
            {
                app.Logger.LogDebug("The addresses cannot be written to the data folder ({Fault}); the command health uses the settings instead.", fault);
            }

            await app.WaitForShutdownAsync(cancellationToken);
            if (ListeningFile.Remove(dataFolder) is { } kept)
            {
                app.Logger.LogDebug("The addresses cannot be removed from the data folder ({Fault}); they are ignored once this process has ended.", kept);
            }
        }
        catch (Exception exception)
        {
            // Services that started before the fault are stopped in order, since they are about to be disposed.
            await app.StopAsync(CancellationToken.None);
            if (exception is not OperationCanceledException || !HasBrokenLoop(app))
            {
                throw;
            }
        }

        return HasBrokenLoop(app) ? Broken : 0;
    }

    // Loops catch what their passes throw; one that ended anyway broke an invariant, and a supervisor has to know.
    private static bool HasBrokenLoop(WebApplication app) =>
        app.Services.GetServices<IHostedService>().OfType<BackgroundService>().Any(service => service.ExecuteTask is { IsFaulted: true });
}
