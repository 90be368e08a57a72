using Npgsql;

namespace SiemForwarder.Reliability.Faults;

/// <summary>Takes every connection that a PostgreSQL server gives, and drops those of the others.</summary>
internal sealed class ConnectionHog : IAsyncDisposable
{
    private readonly List<NpgsqlConnection> taken = [];

    public int Count => taken.Count;

    public static async Task<ConnectionHog> TakeAllAsync(string connectionString, CancellationToken cancellationToken)
    {
        var hog = new ConnectionHog();
        var text = $"{connectionString};Pooling=false;Application Name=hog";
        await hog.TakeAsync(text, cancellationToken);

        // What the service holds is dropped, and taken before it is back.
        await using (var drop = new NpgsqlCommand(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND application_name <> 'hog'", hog.taken[0]))
        {
            await drop.ExecuteScalarAsync(cancellationToken);
        }

        for (var i = 0; i < 20; i++)
        {
            await hog.TakeAsync(text, cancellationToken);
            await Task.Delay(10, cancellationToken);
        }

        return hog;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in taken)
        {
            await connection.DisposeAsync();
        }
    }

    private async Task TakeAsync(string text, CancellationToken cancellationToken)
    {
        while (true)
        {
            var connection = new NpgsqlConnection(text);
            try
            {
                await connection.OpenAsync(cancellationToken);
                taken.Add(connection);
            }
            catch (PostgresException exception) when (exception.SqlState == "53300")
            {
                await connection.DisposeAsync();
                return;
            }
        }
    }
}
