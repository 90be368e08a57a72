using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace SiemForwarder.Service.Storage;

/// <summary>Opens the database for the process.</summary>
internal static class ServiceDatabase
{
    private const string MaxAutoPrepare = "Max Auto Prepare";

    /// <summary>A pool of connections.</summary>
    /// <param name="connectionString">Where the database is; what it says of prepared statements and of the size of the pool is honoured.</param>
    /// <param name="maxConnections">Size of the pool; null for what the connection string says.</param>
    /// <param name="connected">Called with every new session before its first use.</param>
    /// <param name="name">Name of the pool in metrics; null for the address of the server and the like.</param>
    public static NpgsqlDataSource CreateDataSource(
        string connectionString, int? maxConnections = null, Func<NpgsqlConnection, Task>? connected = null, string? name = null)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = name };
        var settings = builder.ConnectionStringBuilder;
        settings.ApplicationName ??= "siemforwarder";
        // Zero switches prepared statements off, which a pooler that shares sessions may need: it must not be taken for "nothing said".
        if (!Names(connectionString).Contains(MaxAutoPrepare.Replace(" ", "", StringComparison.Ordinal)))
        {
            settings.MaxAutoPrepare = 60;
            settings.AutoPrepareMinUsages = 2;
        }

        settings.KeepAlive = settings.KeepAlive == 0 ? 15 : settings.KeepAlive;
        if (maxConnections is { } max)
        {
            settings.MaxPoolSize = Math.Max(max, settings.MinPoolSize);
        }

        if (settings.Host?.Contains(',', StringComparison.Ordinal) == true)
        {
            // Of several servers only the one that takes writes is of use.
            settings.TargetSessionAttributes ??= "read-write";
        }

        if (connected is not null)
        {
            builder.UsePhysicalConnectionInitializer(connection => connected(connection).GetAwaiter().GetResult(), connected);
        }

        return builder.Build();
    }

    public static void Configure(DbContextOptionsBuilder options, NpgsqlDataSource database) => options
        .UseNpgsql(database)
        // Migrations are SQL files; there is no snapshot to compare with, a test compares the tables with the model.
        .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning));

    /// <summary>The keywords that a connection string gives, without blanks, in lower case.</summary>
    private static HashSet<string> Names(string connectionString)
    {
        var given = new DbConnectionStringBuilder { ConnectionString = connectionString };
        return given.Keys.Cast<string>().Select(name => name.Replace(" ", "", StringComparison.Ordinal)).ToHashSet(StringComparer.OrdinalIgnoreCase);
    }
}
