using System.Data.Common;
using System.Globalization;
using System.Net.Sockets;
using Npgsql;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.Service.Storage;

/// <summary>Checks the database before the service starts and explains in one sentence why it cannot be used. No message contains part of a password.</summary>
internal static class DatabaseStart
{
    internal const string Setting = "ConnectionStrings__Forwarder";

    private static readonly TimeSpan StartingBound = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StartingPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Checks version, encoding and privileges; returns how many connections the server grants.</summary>
    /// <exception cref="DatabaseStartException">The message is one sentence for the operator.</exception>
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
                ? throw new DatabaseStartException($"{Setting} names no server: set Host=…;Username=…;Password=…;Database=….")
                : settings;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or KeyNotFoundException or InvalidCastException)
        {
            // The parser's message may quote part of the password.
            throw new DatabaseStartException(
                $"{Setting} cannot be parsed: use Host=…;Username=…;Password=…;Database=…, and quote values that contain ; ' \" or =, as in "
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
        var facts = new DatabaseFacts(
            reader.GetInt32(0), reader.GetString(1), reader.GetString(2), reader.GetBoolean(3), reader.GetBoolean(4),
            reader.IsDBNull(5) ? null : reader.GetString(5), reader.GetBoolean(6), reader.GetString(7));
        return facts.FindFault(Server(settings), Database(settings)) is { } fault ? throw new DatabaseStartException(fault) : reader.GetInt32(8);
    }

    private static string Sentence(Exception exception, NpgsqlConnectionStringBuilder settings)
    {
        var (server, user, name) = (Server(settings), settings.Username ?? Environment.UserName, Database(settings));
        return exception switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } =>
                $"PostgreSQL at {server} rejects the password of user '{user}': correct it in {Setting}.",
            PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } refused =>
                $"PostgreSQL at {server} rejects the user '{user}': {refused.MessageText}. Correct the user in {Setting} or the rules in pg_hba.conf.",
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } =>
                $"The database '{name}' does not exist at {server}: run CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0, or correct {Setting}.",
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } denied =>
                $"The user '{user}' may not use the database '{name}' at {server}: {denied.MessageText}. Grant the privilege, or correct {Setting}.",
            PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } =>
                $"PostgreSQL at {server} has no connections left: raise max_connections there, or lower Forwarder__Database__MaxConnections on the engines.",
            PostgresException postgres => $"PostgreSQL at {server} cannot be used: {postgres.MessageText} ({postgres.SqlState}).",
            _ when Socket(exception) is { } socket => socket.SocketErrorCode switch
            {
                SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain =>
                    $"The host '{settings.Host}' of the database cannot be resolved: correct Host in {Setting} or fix DNS.",
                SocketError.ConnectionRefused => $"Nothing is listening at {server}: start PostgreSQL there, or correct Host and Port in {Setting}.",
                _ => $"PostgreSQL at {server} cannot be reached: {socket.Message}. Check host, port and firewall, or correct {Setting}.",
            },
            TimeoutException or { InnerException: TimeoutException } =>
                $"PostgreSQL at {server} does not answer: check host, port and firewall, or correct {Setting}.",
            ArgumentException or NotSupportedException =>
                $"{Setting} contains an invalid setting; compare it with Host=…;Username=…;Password=…;Database=….",
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

/// <summary>The database properties that the service depends on.</summary>
/// <param name="VersionNumber">In PostgreSQL's numeric form: 150004.</param>
/// <param name="Version">Readable form: 15.4.</param>
/// <param name="Encoding">Encoding of the database.</param>
/// <param name="IsStandby">Whether the server is replaying another server's log.</param>
/// <param name="IsReadOnly">Whether new transactions are read-only.</param>
/// <param name="Schema">Schema in which new tables are created; null if there is none.</param>
/// <param name="MayCreate">Whether the user may create tables there.</param>
/// <param name="User">The connected user.</param>
internal sealed record DatabaseFacts(
    int VersionNumber, string Version, string Encoding, bool IsStandby, bool IsReadOnly, string? Schema, bool MayCreate, string User)
{
    private const int OldestVersion = 15;

    /// <summary>One sentence that says why the service cannot use the database and what to do; null if it can.</summary>
    /// <param name="server">Address of the server.</param>
    /// <param name="name">Name of the database.</param>
    public string? FindFault(string server, string name)
    {
        if (VersionNumber < OldestVersion * 10_000)
        {
            return $"PostgreSQL at {server} is version {Version}; SiemForwarder needs {OldestVersion} or newer: upgrade it, or set another server in "
                + $"{DatabaseStart.Setting}.";
        }

        if (Encoding != "UTF8")
        {
            return $"The database '{name}' at {server} has the encoding {Encoding}, which cannot store every event: create one with CREATE DATABASE … "
                + $"ENCODING 'UTF8' TEMPLATE template0, and set it in {DatabaseStart.Setting}.";
        }

        if (IsStandby || IsReadOnly)
        {
            return $"The database '{name}' at {server} accepts no writes ({(IsStandby ? "the server is a standby" : "read-only")}): set the primary "
                + $"server in {DatabaseStart.Setting}.";
        }

        return Schema is null || !MayCreate
            ? $"The user '{User}' may not create tables in the database '{name}' at {server}: run GRANT CREATE, USAGE ON SCHEMA {Schema ?? "public"} TO "
                + $"\"{User}\"."
            : null;
    }
}
