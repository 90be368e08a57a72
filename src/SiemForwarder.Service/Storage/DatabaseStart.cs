using System.Data.Common;
using System.Globalization;
using System.Net.Sockets;
using Npgsql;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.Service.Storage;

/// <summary>Looks at the database before the service starts, and says in one sentence why it cannot be used. No sentence holds a part of a password.</summary>
internal static class DatabaseStart
{
    private const int OldestVersion = 15;
    private const string Setting = "ConnectionStrings__Forwarder";
    private static readonly TimeSpan StartingBound = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StartingPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Checks version, encoding and rights; how many connections the server grants.</summary>
    /// <exception cref="DatabaseStartException">With one sentence for the operator.</exception>
    public static async Task<int> CheckAsync(string connectionString, TimeProvider time, CancellationToken cancellationToken)
    {
        var settings = Parse(connectionString);
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                await using var database = ServiceDatabase.CreateDataSource(settings.ConnectionString, maxConnections: 1);
                return await LookAsync(database, settings, cancellationToken);
            }
            catch (PostgresException exception) when (
                exception.SqlState == PostgresErrorCodes.CannotConnectNow && time.GetElapsedTime(started) < StartingBound)
            {
                // The server is starting or recovering.
                await Task.Delay(StartingPause, time, cancellationToken);
            }
            catch (Exception exception) when (exception is DbException or SocketException or IOException or TimeoutException or ArgumentException
                or InvalidOperationException or NotSupportedException)
            {
                throw new DatabaseStartException(Sentence(exception, settings));
            }
        }
    }

    private static NpgsqlConnectionStringBuilder Parse(string connectionString)
    {
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(connectionString);
            return string.IsNullOrWhiteSpace(settings.Host)
                ? throw new DatabaseStartException($"{Setting} names no server: give Host=…;Username=…;Password=…;Database=….")
                : settings;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or KeyNotFoundException or InvalidCastException)
        {
            // What the parser says may quote a part of the password.
            throw new DatabaseStartException(
                $"{Setting} cannot be read: write Host=…;Username=…;Password=…;Database=…, and put a value that holds ; ' \" or = into quotes, as in "
                    + "Password=\"a;b\".");
        }
    }

    private static async Task<int> LookAsync(NpgsqlDataSource database, NpgsqlConnectionStringBuilder settings, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            SELECT current_setting('server_version_num')::int, current_setting('server_version'), pg_encoding_to_char(d.encoding), pg_is_in_recovery(),
                current_setting('transaction_read_only')::boolean, current_schema(), coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
                current_user::text,
                least(current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
                    CASE WHEN r.rolconnlimit < 0 THEN 1000000 ELSE r.rolconnlimit END, CASE WHEN d.datconnlimit < 0 THEN 1000000 ELSE d.datconnlimit END)
            FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (server, name) = (Server(settings), Database(settings));
        if (reader.GetInt32(0) < OldestVersion * 10_000)
        {
            throw new DatabaseStartException($"PostgreSQL at {server} is version {reader.GetString(1)}; SiemForwarder needs {OldestVersion} or newer.");
        }

        if (reader.GetString(2) != "UTF8")
        {
            throw new DatabaseStartException(
                $"The database '{name}' at {server} has the encoding {reader.GetString(2)}, which cannot hold every event: create one with CREATE DATABASE … "
                    + "ENCODING 'UTF8' TEMPLATE template0, and name it in " + Setting + ".");
        }

        if (reader.GetBoolean(3) || reader.GetBoolean(4))
        {
            throw new DatabaseStartException(
                $"The database '{name}' at {server} takes no writes ({(reader.GetBoolean(3) ? "the server is a standby" : "read-only")}): name the primary "
                    + $"server in {Setting}.");
        }

        if (reader.IsDBNull(5) || !reader.GetBoolean(6))
        {
            var (schema, user) = (reader.IsDBNull(5) ? "public" : reader.GetString(5), reader.GetString(7));
            throw new DatabaseStartException(
                $"The user '{user}' may not create tables in the database '{name}' at {server}: run GRANT CREATE, USAGE ON SCHEMA {schema} TO \"{user}\".");
        }

        return reader.GetInt32(8);
    }

    private static string Sentence(Exception exception, NpgsqlConnectionStringBuilder settings)
    {
        var (server, user, name) = (Server(settings), settings.Username ?? Environment.UserName, Database(settings));
        return exception switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } =>
                $"PostgreSQL at {server} refuses the password of user '{user}': correct it in {Setting}.",
            PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } refused =>
                $"PostgreSQL at {server} refuses the user '{user}': {refused.MessageText}. Correct the user in {Setting}, or pg_hba.conf.",
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } =>
                $"There is no database '{name}' at {server}: run CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0, or correct {Setting}.",
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } denied =>
                $"The user '{user}' may not use the database '{name}' at {server}: {denied.MessageText}. Grant the right, or correct {Setting}.",
            PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } =>
                $"PostgreSQL at {server} has no connection left: raise max_connections there, or lower Forwarder__Database__MaxConnections of the engines.",
            PostgresException postgres => $"PostgreSQL at {server} cannot be used: {postgres.MessageText} ({postgres.SqlState}).",
            _ when Socket(exception) is { } socket => socket.SocketErrorCode switch
            {
                SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain =>
                    $"The host '{settings.Host}' of the database cannot be resolved: correct Host in {Setting}, or DNS.",
                SocketError.ConnectionRefused => $"Nothing listens at {server}: start PostgreSQL there, or correct Host and Port in {Setting}.",
                _ => $"PostgreSQL at {server} cannot be reached: {socket.Message}. Check host, port and firewall, or correct {Setting}.",
            },
            TimeoutException or { InnerException: TimeoutException } =>
                $"PostgreSQL at {server} does not answer: check host, port and firewall, or correct {Setting}.",
            ArgumentException or NotSupportedException =>
                $"{Setting} holds a setting that cannot be used; compare it with Host=…;Username=…;Password=…;Database=….",
            _ => $"PostgreSQL at {server} cannot be used: {exception.Message.TrimEnd('.')}. Check {Setting}.",
        };
    }

    private static SocketException? Socket(Exception? exception) => exception switch
    {
        null => null,
        SocketException socket => socket,
        _ => Socket(exception.InnerException),
    };

    private static string Server(NpgsqlConnectionStringBuilder settings) => settings.Host is { } host
        && (host.StartsWith('/') || host.Contains(',', StringComparison.Ordinal)) ? host
            : string.Create(CultureInfo.InvariantCulture, $"{settings.Host}:{settings.Port}");

    private static string Database(NpgsqlConnectionStringBuilder settings) => settings.Database ?? settings.Username ?? Environment.UserName;
}
