using SiemForwarder.EndToEnd.Keycloak;

[assembly: AssemblyFixture(typeof(RealKeycloaks))]

namespace SiemForwarder.EndToEnd.Keycloak;

/// <summary>The real servers of a test run: each starts at its first use, one after the other, and all stop at the end.</summary>
public sealed class RealKeycloaks : IAsyncLifetime
{
    private readonly SemaphoreSlim gate = new(1);
    private readonly Dictionary<string, RealKeycloak> servers = [];

    /// <summary>The server of that version: 26.7.4 or 24.0.5.</summary>
    public async Task<RealKeycloak> GetAsync(string version, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (servers.TryGetValue(version, out var server) && server.EndedWith is { } output)
            {
                TestContext.Current.SendDiagnosticMessage($"Keycloak {version} ended by itself and is started again: {output}");
                servers.Remove(version);
                await server.DisposeAsync();
                server = null;
            }

            if (server is null)
            {
                server = await RealKeycloak.StartAsync(version, cancellationToken);
                servers.Add(version, server);
            }

            return server;
        }
        finally
        {
            gate.Release();
        }
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers.Values)
        {
            await server.DisposeAsync();
        }

        gate.Dispose();
    }
}
