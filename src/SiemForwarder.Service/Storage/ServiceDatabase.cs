using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace SiemForwarder.Service.Storage;

/// <summary>Opens the database for the process.</summary>
internal static class ServiceDatabase
{
    private const string MaxAutoPrepare = "Max Auto Prepare";

    /// <summary>A connection pool.</summary>
    /// <param name="connectionString">Location of the database; its settings for prepared statements and pool size are honored.</param>
    /// <param name="maxConnections">Size of the pool; null to use the connection string's.</param>
    /// <param name="connected">Called for every new session before its first use.</param>
    /// <param name="name">Name of the pool in metrics; null for one that Npgsql makes.</param>
    public static NpgsqlDataSource CreateDataSource(
        string connectionString, int? maxConnections = null, Func<NpgsqlConnection, Task>? connected = null, string? name = null)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString) { Name = name };
        var settings = builder.ConnectionStringBuilder;
        settings.ApplicationName ??= "siemforwarder";
        // Zero turns prepared statements off, which a pooler that shares sessions may need; it must not be mistaken for "not given".
        if (!Names(connectionString).Contains(MaxAutoPrepare.Replace(" ", "", StringComparison.Ordinal)))
        {
            settings.MaxAutoPrepare = 60;
            settings.AutoPrepareMinUsages = 2;
        }

        // Nothing that is set lasts longer than its transaction, so there is nothing to reset; otherwise each statement would cost a second one.
        settings.NoResetOnClose = true;
        settings.KeepAlive = settings.KeepAlive == 0 ? 15 : settings.KeepAlive;
        if (maxConnections is { } max)
        {
            settings.MaxPoolSize = Math.Max(max, settings.MinPoolSize);
        }

        if (settings.Host?.Contains(',', StringComparison.Ordinal) == true)
        {
            // Of several servers, only the one that accepts writes is useful.
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
        // Migrations are SQL files without a snapshot to compare with; a test compares the tables with the model.
        .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning));

    /// <summary>The keywords given in a connection string, without blanks, compared case-insensitively.</summary>
    private static HashSet<string> Names(string connectionString)
    {
        var given = new DbConnectionStringBuilder { ConnectionString = connectionString };
        return given.Keys.Cast<string>().Select(name => name.Replace(" ", "", StringComparison.Ordinal)).ToHashSet(StringComparer.OrdinalIgnoreCase);
    }
}
