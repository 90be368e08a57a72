using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.Service.Storage;

/// <summary>Where the database is: a given one, or one of the service's own that ends with it.</summary>
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

    /// <summary>For the log: where the data is.</summary>
    public string Description { get; }

    /// <summary>Whether it is the service's own, so that no other engine uses it.</summary>
    public bool IsOwn => server is not null;

    /// <summary>Uses the given connection string, else starts a private PostgreSQL, else a container.</summary>
    /// <exception cref="DatabaseStartException">With one sentence that names both ways out.</exception>
    public static async Task<DatabaseHome> OpenAsync(string? connectionString, string dataFolder, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrWhiteSpace(connectionString))
        {
            return new DatabaseHome(connectionString, "the PostgreSQL of ConnectionStrings__Forwarder", null);
        }

        if (PostgresPrograms.FindFolder() is { } programs)
        {
            var server = await PrivatePostgres.StartAsync(programs, dataFolder, cancellationToken);
            return new DatabaseHome(server.ConnectionString, $"a private PostgreSQL under {dataFolder}", server);
        }

        if (await ContainerPostgres.IsAvailableAsync(cancellationToken))
        {
            var container = await ContainerPostgres.StartAsync(dataFolder, cancellationToken);
            return new DatabaseHome(container.ConnectionString, "a PostgreSQL container of its own", container);
        }

        throw new DatabaseStartException(
            "SiemForwarder needs PostgreSQL 15 or newer: install its server programs (initdb, pg_ctl, postgres) on this machine, or name a running server "
                + "by ConnectionStrings__Forwarder.");
    }

    /// <summary>Starts the private server again where it ended by itself; false where it runs, or is not ours.</summary>
    /// <exception cref="DatabaseStartException">With one sentence for the operator.</exception>
    public Task<bool> ReviveAsync(CancellationToken cancellationToken) =>
        server is PrivatePostgres own ? own.ReviveAsync(cancellationToken) : Task.FromResult(false);

    public ValueTask DisposeAsync() => server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
