using System.Net.Sockets;
using Npgsql;

namespace SiemForwarder.Service.Storage;

/// <summary>Tells a database that is away or overloaded from a bug in a statement.</summary>
internal static class DatabaseFault
{
    /// <summary>Whether waiting and trying again may help: connection lost, server starting or stopping, out of connections, disk full, deadlock.</summary>
    public static bool IsPassing(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.IsTransient || postgres.SqlState is { Length: 5 } state
            && (state.StartsWith("53", StringComparison.Ordinal) || state.StartsWith("57", StringComparison.Ordinal)
                || state.StartsWith("58", StringComparison.Ordinal) || state.StartsWith("08", StringComparison.Ordinal)
                || state is "25006" or "40001" or "40P01" or "55P03"),
        NpgsqlException or SocketException or IOException or TimeoutException => true,
        InvalidOperationException { InnerException: { } inner } => IsPassing(inner),
        _ => false,
    };
}
