using System.Globalization;
using Npgsql;

namespace SiemForwarder.EndToEnd.Detections;

/// <summary>Tells when the rules have recorded that they read up to a position: the database says so itself, at each commit.</summary>
internal sealed class FollowedPositions : IAsyncDisposable
{
    private const string Channel = "followed_position";

    private const string Announce = $"""
        CREATE OR REPLACE FUNCTION tell_followed_position() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM pg_notify('{Channel}', NEW.source_id || ' ' || NEW.position); RETURN NEW; END $$;
        CREATE OR REPLACE TRIGGER tell_followed_position AFTER INSERT OR UPDATE ON detection_checkpoint FOR EACH ROW EXECUTE FUNCTION tell_followed_position();
        LISTEN {Channel}
        """;

    private readonly NpgsqlConnection connection;
    private readonly Dictionary<int, long> reached = [];

    private FollowedPositions(NpgsqlConnection connection)
    {
        this.connection = connection;
        connection.Notification += (_, told) =>
        {
            var parts = told.Payload.Split(' ');
            Reach(int.Parse(parts[0], CultureInfo.InvariantCulture), long.Parse(parts[1], CultureInfo.InvariantCulture));
        };
    }

    /// <summary>Listens to the database of a service that has its tables.</summary>
    public static async Task<FollowedPositions> ListenAsync(string connectionString, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(connectionString);
        var positions = new FollowedPositions(connection);
        await connection.OpenAsync(cancellationToken);
        await positions.ExecuteAsync(Announce, cancellationToken);
        await positions.ReadAsync(cancellationToken);
        return positions;
    }

    /// <summary>Waits until the rules have read a source up to a position.</summary>
    public async Task WaitForAsync(int source, long position, CancellationToken cancellationToken)
    {
        while (reached.GetValueOrDefault(source) < position)
        {
            await connection.WaitAsync(cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    // What was recorded before anybody listened.
    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT source_id, position FROM detection_checkpoint", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Reach(reader.GetInt32(0), reader.GetInt64(1));
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private void Reach(int source, long position) => reached[source] = Math.Max(position, reached.GetValueOrDefault(source));
}
