using Npgsql;

namespace SiemForwarder.Service.Storage;

/// <summary>The process's database connections in two pools, so that work that must not lose events never waits for reads.</summary>
/// <remarks>
/// A third of the connections carries appends, leases and checkpoints; the rest serves readers and the API. As soon as one session reports that its
/// server became read-only or went away, all sessions are discarded, so that the next command connects to the current server.
/// </remarks>
internal sealed class DatabaseConnections : IAsyncDisposable
{
    private static readonly TimeSpan ClearInterval = TimeSpan.FromMilliseconds(500);
    private readonly TimeProvider time;
    private long clearedAt;

    /// <param name="connectionString">Location of the database.</param>
    /// <param name="options">Connection limits.</param>
    /// <param name="time">Clock.</param>
    public DatabaseConnections(string connectionString, DatabaseOptions options, TimeProvider time)
    {
        this.time = time;
        var all = Math.Min(options.MaxConnections, new NpgsqlConnectionStringBuilder(connectionString).MaxPoolSize);
        var vital = Math.Max(2, all / 3);
        Vital = ServiceDatabase.CreateDataSource(connectionString, vital, OnConnectedAsync, "vital");
        Shared = ServiceDatabase.CreateDataSource(connectionString, Math.Max(1, all - vital - 1), OnConnectedAsync, "shared");
        Listener = ServiceDatabase.CreateDataSource(options.ListenConnection ?? connectionString, 1, OnConnectedAsync, "listener");
    }

    /// <summary>For appends, leases and checkpoints.</summary>
    public NpgsqlDataSource Vital { get; }

    /// <summary>For everything else.</summary>
    public NpgsqlDataSource Shared { get; }

    /// <summary>The single connection that receives notifications.</summary>
    public NpgsqlDataSource Listener { get; }

    /// <summary>Called for every new session before its first use; if it throws, the session fails.</summary>
    public Func<NpgsqlConnection, Task>? Connected { get; set; }

    /// <summary>Discards all sessions if the exception shows that they can no longer be used.</summary>
    public void Suspect(Exception exception)
    {
        var before = Volatile.Read(ref clearedAt);
        if (!DatabaseFault.SpoilsSessions(exception) || (before != 0 && time.GetElapsedTime(before) < ClearInterval)
            || Interlocked.CompareExchange(ref clearedAt, time.GetTimestamp(), before) != before)
        {
            return;
        }

        Vital.Clear();
        Shared.Clear();
        Listener.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await Vital.DisposeAsync();
        await Shared.DisposeAsync();
        await Listener.DisposeAsync();
    }

    private Task OnConnectedAsync(NpgsqlConnection connection) => Connected?.Invoke(connection) ?? Task.CompletedTask;
}
