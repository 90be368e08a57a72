using System.Data.Common;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace SiemForwarder.Service.Storage;

/// <summary>Distinguishes faults of the database from mistakes of the caller.</summary>
internal static class DatabaseFault
{
    /// <summary>Whether the fault came from the database or the connection to it, whatever its kind; loops wait and try again.</summary>
    public static bool IsDatabase(Exception exception) => exception switch
    {
        DbException or SocketException or IOException or TimeoutException => true,
        DbUpdateException or InvalidOperationException => exception.InnerException is { } inner && IsDatabase(inner),
        _ => false,
    };

    /// <summary>Whether the database cannot do its work now: unreachable, full, read-only, overloaded, or closed to this user. Otherwise a statement was
    /// invalid.</summary>
    public static bool IsUnavailable(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.IsTransient || IsUnavailable(postgres.SqlState),
        DbException or SocketException or IOException or TimeoutException => true,
        DbUpdateException or InvalidOperationException => exception.InnerException is { } inner && IsUnavailable(inner),
        _ => false,
    };

    /// <summary>Whether the database as a whole is unusable: unreachable, full, read-only, overloaded, or closed to this user. A single statement that
    /// lost a race or lacks a privilege says nothing about the others.</summary>
    public static bool IsOutage(Exception exception) => exception switch
    {
        PostgresException { SqlState: var state } => state == PostgresErrorCodes.ReadOnlySqlTransaction
            || state[..Math.Min(2, state.Length)] is "08" or "28" or "3D" or "53" or "57" or "58",
        DbException or SocketException or IOException or TimeoutException => true,
        DbUpdateException or InvalidOperationException => exception.InnerException is { } inner && IsOutage(inner),
        _ => false,
    };

    /// <summary>Whether open sessions can no longer be used: the server became read-only or went away (SQLSTATE 25006, 57P0x, 08xxx).</summary>
    public static bool SpoilsSessions(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction
            || postgres.SqlState.StartsWith("57P0", StringComparison.Ordinal) || postgres.SqlState.StartsWith("08", StringComparison.Ordinal),
        _ => exception.InnerException is { } inner && SpoilsSessions(inner),
    };

    /// <summary>The message of the innermost database exception; its wrappers say nothing useful.</summary>
    public static string Describe(Exception exception) =>
        exception is DbUpdateException or InvalidOperationException && exception.InnerException is { } inner ? Describe(inner) : exception.Message;

    // Classes from appendix A of the PostgreSQL manual: 08 connection, 25006 read-only, 28 authorization, 3D missing database, 40 rollback, 53 resources,
    // 55 state, 57 intervention, 58 system, XX internal; plus single codes for privileges, prepared statements of another session, and encodings.
    private static bool IsUnavailable(string state) =>
        state[..Math.Min(2, state.Length)] is "08" or "28" or "3D" or "40" or "53" or "55" or "57" or "58" or "XX"
        || state is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.InvalidSqlStatementName
            or PostgresErrorCodes.DuplicatePreparedStatement or PostgresErrorCodes.UntranslatableCharacter or PostgresErrorCodes.UndefinedTable;
}
