using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.Service.Commands;

/// <summary>The commands of the program: serving (none), and <c>demo</c>.</summary>
internal static class CommandLine
{
    /// <summary>Exit code of the process.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            return await ServeAsync(args);
        }
        catch (DatabaseStartException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message);
            return 2;
        }
        catch (Microsoft.Extensions.Options.OptionsValidationException exception)
        {
            await Console.Error.WriteLineAsync($"A setting is wrong: {exception.Message}");
            return 2;
        }
    }

    private static async Task<int> ServeAsync(string[] args)
    {
        var configuration = ForwarderHost.CreateBuilder(args).Configuration;
        var options = configuration.GetSection(ForwarderOptions.Section).Get<ForwarderOptions>() ?? new ForwarderOptions();
        using var stopping = new CancellationTokenSource();
        await using var home = await DatabaseHome.OpenAsync(configuration.GetConnectionString("Forwarder"), options.DataFolder, stopping.Token);
        await using var app = ForwarderHost.Build(args, home.ConnectionString);
        app.Logger.LogInformation("The events are kept in {Database}.", home.Description);
        await app.Services.MigrateAsync(stopping.Token);
        await app.RunAsync();
        return 0;
    }
}
