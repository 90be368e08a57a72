using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SiemForwarder.Simulator;

/// <summary>A stand-in for a Keycloak server on loopback: tokens, the events API of either tier, and all kinds of faults.</summary>
public sealed class KeycloakSimulator : IAsyncDisposable
{
    private readonly SimulatorOptions options;
    private readonly Dictionary<string, SimulatedRealm> realms;
    private readonly ConcurrentQueue<string> requests = new();
    private WebApplication? application;
    private int port;

    private KeycloakSimulator(SimulatorOptions options)
    {
        this.options = options;
        port = options.Port;
        Tier = options.Tier;
        ClockOffset = options.ClockOffset;
        realms = options.Realms.ToDictionary(name => name, name => new SimulatedRealm(name, NowMs));
        Tokens = new IssuedTokens(NowMs, () => (long)TokenClockOffset.TotalMilliseconds);
    }

    /// <summary>URL of the server including the path prefix, without a trailing slash.</summary>
    public Uri BaseUrl => new($"{(options.Certificate is null ? "http" : "https")}://127.0.0.1:{port}{options.PathPrefix}");

    /// <summary>The simulated generation; may be changed while running, as in an upgrade.</summary>
    public SimulatedTier Tier { get; set; }

    public TimeSpan ClockOffset { get; set; }

    /// <summary>How far the clock of the token-issuing node is ahead of the server's; may change between tokens.</summary>
    public TimeSpan TokenClockOffset { get; set; }

    /// <summary>The first realm.</summary>
    public SimulatedRealm Realm => realms[options.Realms[0]];

    public SimulatedFaults Faults { get; } = new();

    /// <summary>Method, path and query of every request, oldest first.</summary>
    public IReadOnlyCollection<string> Requests => requests;

    /// <summary>The maximum number of concurrent requests so far.</summary>
    public int MaxRequestsAtOnce { get; internal set; }

    internal IssuedTokens Tokens { get; }

    internal SimulatorOptions Options => options;

    /// <summary>Starts a server; it is listening when the task completes.</summary>
    public static async Task<KeycloakSimulator> StartAsync(SimulatorOptions options, CancellationToken cancellationToken)
    {
        var simulator = new KeycloakSimulator(options);
        await simulator.StartAgainAsync(cancellationToken).ConfigureAwait(false);
        return simulator;
    }

    /// <summary>The realm with that name, or null.</summary>
    public SimulatedRealm? FindRealm(string name) => realms.GetValueOrDefault(name);

    /// <summary>The server's clock in epoch milliseconds.</summary>
    public long NowMs() => (options.Clock.GetUtcNow() + ClockOffset).ToUnixTimeMilliseconds();

    /// <summary>Stops listening: connections are refused until <see cref="StartAgainAsync"/>.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (application is { } running)
        {
            application = null;
            await running.StopAsync(cancellationToken).ConfigureAwait(false);
            await running.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Listens again on the same port, with the same realms.</summary>
    public async Task StartAgainAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port, listen =>
            {
                if (options.Certificate is { } certificate)
                {
                    listen.UseHttps(certificate);
                }
            });
        });
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = TimeSpan.Zero);
        var started = builder.Build();
        var endpoints = new SimulatorRoutes(this);
        started.Run(endpoints.AnswerAsync);
        await started.StartAsync(cancellationToken).ConfigureAwait(false);
        var addresses = started.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        port = new Uri(addresses.Addresses.First()).Port;
        application = started;
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None).ConfigureAwait(false);

    /// <summary>Invalidates all tokens issued so far.</summary>
    public void ExpireTokens() => Tokens.Expire();

    /// <summary>Gives tokens an <c>iat</c> that differs from the server's clock; null for the real time.</summary>
    public void StampTokens(long? issuedAtSeconds) => Tokens.IssuedAtSeconds = issuedAtSeconds;

    internal void Note(string request)
    {
        requests.Enqueue(request);
        while (requests.Count > 10_000)
        {
            requests.TryDequeue(out _);
        }
    }
}
