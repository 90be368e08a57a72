using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.Service.Storage;

/// <summary>The location of the database: either given, or a server owned by the service and stopped with it.</summary>
internal sealed class DatabaseHome : IAsyncDisposable
{
    private readonly IAsyncDisposable? server;

    private DatabaseHome(string connectionString, string description, IAsyncDisposable? server)
    {
        ConnectionString = connectionString;
        Description = description;
        this.server = server;
    }

    public string ConnectionString { get; }

    /// <summary>Where the data is, for the log.</summary>
    public string Description { get; }

    /// <summary>Whether the service owns it, so that no other engine uses it.</summary>
    public bool IsOwn => server is not null;

    /// <summary>Uses the given connection string; otherwise starts a private PostgreSQL, or failing that a container.</summary>
    /// <exception cref="DatabaseStartException">No database is available; one sentence names both ways out.</exception>
    public static async Task<DatabaseHome> OpenAsync(string? connectionString, string dataFolder, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrWhiteSpace(connectionString))
        {
            return new DatabaseHome(connectionString, "the PostgreSQL named in ConnectionStrings__Forwarder", null);
        }

        if (PostgresPrograms.FindFolder() is { } programs)
        {
            var server = await PrivatePostgres.StartAsync(programs, dataFolder, cancellationToken);
            return new DatabaseHome(server.ConnectionString, $"a private PostgreSQL under {dataFolder}", server);
        }

        if (await ContainerPostgres.IsAvailableAsync(cancellationToken))
        {
            var container = await ContainerPostgres.StartAsync(dataFolder, cancellationToken);
            return new DatabaseHome(container.ConnectionString, "its own PostgreSQL container", container);
        }

        throw new DatabaseStartException(
            "SiemForwarder needs PostgreSQL 15 or newer: install its server programs (initdb, pg_ctl, postgres) on this machine, or set "
                + "ConnectionStrings__Forwarder to a running server.");
    }

    /// <summary>Restarts the private server if it has stopped; false if it is running or not ours.</summary>
    /// <exception cref="DatabaseStartException">The message is one sentence for the operator.</exception>
    public Task<bool> ReviveAsync(CancellationToken cancellationToken) =>
        server is PrivatePostgres own ? own.ReviveAsync(cancellationToken) : Task.FromResult(false);

    public ValueTask DisposeAsync() => server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
