using System.Data.Common;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace SiemForwarder.Service.Storage;

/// <summary>Tells what the database did wrong from what the caller did wrong.</summary>
internal static class DatabaseFault
{
    /// <summary>Whether the fault came from the database or the way to it, whatever it was: loops wait and try again.</summary>
    public static bool IsDatabase(Exception exception) => exception switch
    {
        DbException or SocketException or IOException or TimeoutException => true,
        DbUpdateException or InvalidOperationException => exception.InnerException is { } inner && IsDatabase(inner),
        _ => false,
    };

    /// <summary>Whether the database cannot do its work now: away, full, read-only, overloaded, or closed to this user. Otherwise a statement was
    /// wrong.</summary>
    public static bool IsUnavailable(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.IsTransient || IsUnavailable(postgres.SqlState),
        DbException or SocketException or IOException or TimeoutException => true,
        DbUpdateException or InvalidOperationException => exception.InnerException is { } inner && IsUnavailable(inner),
        _ => false,
    };

    /// <summary>Whether the database as a whole cannot be used: away, full, read-only, overloaded, or closed to this user. One statement that lost a race or
    /// lacks a right says nothing of the others.</summary>
    public static bool IsOutage(Exception exception) => exception switch
    {
        PostgresException { SqlState: var state } => state == PostgresErrorCodes.ReadOnlySqlTransaction
            || state[..Math.Min(2, state.Length)] is "08" or "28" or "3D" or "53" or "57" or "58",
        DbException or SocketException or IOException or TimeoutException => true,
        DbUpdateException or InvalidOperationException => exception.InnerException is { } inner && IsOutage(inner),
        _ => false,
    };

    /// <summary>Whether sessions that are open are of no more use: the server became read-only or went away (SQLSTATE 25006, 57P0x, 08xxx).</summary>
    public static bool SpoilsSessions(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction
            || postgres.SqlState.StartsWith("57P0", StringComparison.Ordinal) || postgres.SqlState.StartsWith("08", StringComparison.Ordinal),
        _ => exception.InnerException is { } inner && SpoilsSessions(inner),
    };

    /// <summary>The sentence of the innermost database fault: wrappers say nothing.</summary>
    public static string Describe(Exception exception) =>
        exception is DbUpdateException or InvalidOperationException && exception.InnerException is { } inner ? Describe(inner) : exception.Message;

    // Classes of appendix A of PostgreSQL's manual: 08 connection, 25006 read-only, 28 authorization, 3D missing database, 40 rollback, 53 resources,
    // 55 state, 57 intervention, 58 system, XX internal; and single codes of privileges, prepared statements of another session, and encodings.
    private static bool IsUnavailable(string state) =>
        state[..Math.Min(2, state.Length)] is "08" or "28" or "3D" or "40" or "53" or "55" or "57" or "58" or "XX"
        || state is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.InvalidSqlStatementName
            or PostgresErrorCodes.DuplicatePreparedStatement or PostgresErrorCodes.UntranslatableCharacter or PostgresErrorCodes.UndefinedTable;
}
