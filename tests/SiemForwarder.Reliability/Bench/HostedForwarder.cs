using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.EndToEnd.Support;
using SiemForwarder.Service;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Reliability.Bench;

/// <summary>The whole service in this process, on a clock of the scenario's, for outages that last days.</summary>
internal sealed class HostedForwarder(string connectionString, TimeProvider time) : IAsyncDisposable
{
    private WebApplication? app;

    /// <summary>Client of the instance that runs.</summary>
    public HttpClient Api { get; private set; } = new();

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // A lease that outlasts the usual leap: the clock must not take away in every moment what is renewed in real time.
        // Retries and pauses are the product's own.
        string[] settings =
        [
            "--urls=http://127.0.0.1:0", $"--Forwarder:Access:AdminKeyFile={AdminKey.File}", "--Forwarder:Engine:Name=hosted", "--Forwarder:Engine:LeaseDuration=00:05:00",
            "--Forwarder:Engine:LeaseInterval=00:00:00.5",
            "--Serilog:MinimumLevel:Default=Fatal", "--Serilog:MinimumLevel:Override:Microsoft.Hosting.Lifetime=Fatal",
        ];
        app = ForwarderHost.Build(settings, connectionString, builder => builder.Services.AddSingleton(time));
        await app.Services.MigrateAsync(cancellationToken);
        await app.StartAsync(cancellationToken);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Api.Dispose();
        Api = AdminKey.NewClient(new Uri(address));
    }

    public async Task StopAsync()
    {
        if (app is { } running)
        {
            app = null;
            await running.StopAsync(CancellationToken.None);
            await running.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Api.Dispose();
    }
}
