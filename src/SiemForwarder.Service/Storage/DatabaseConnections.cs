using Npgsql;

namespace SiemForwarder.Service.Storage;

/// <summary>The connections of this process to the database, in two pools: what keeps the promise never waits for what only reads.</summary>
/// <remarks>
/// A third of the connections carries appends, leases and checkpoints, the rest serves readers and the API. Sessions of a server that became
/// read-only or went away are thrown away as soon as one of them says so, so that the next command meets the server of now.
/// </remarks>
internal sealed class DatabaseConnections : IAsyncDisposable
{
    private static readonly TimeSpan ClearInterval = TimeSpan.FromMilliseconds(500);
    private readonly TimeProvider time;
    private long clearedAt;

    /// <param name="connectionString">Where the database is.</param>
    /// <param name="options">Bounds.</param>
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

    /// <summary>One connection that notifications come over.</summary>
    public NpgsqlDataSource Listener { get; }

    /// <summary>Called with every new session before its first use; a fault of it fails the session.</summary>
    public Func<NpgsqlConnection, Task>? Connected { get; set; }

    /// <summary>Throws all sessions away where a fault says that they are of no more use.</summary>
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
