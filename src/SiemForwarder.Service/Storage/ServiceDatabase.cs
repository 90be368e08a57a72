using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace SiemForwarder.Service.Storage;

/// <summary>Opens the database for the process and brings its tables up to date.</summary>
internal static class ServiceDatabase
{
    public static NpgsqlDataSource CreateDataSource(string connectionString)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        var settings = builder.ConnectionStringBuilder;
        settings.ApplicationName ??= "siemforwarder";
        settings.MaxAutoPrepare = settings.MaxAutoPrepare == 0 ? 60 : settings.MaxAutoPrepare;
        settings.AutoPrepareMinUsages = 2;
        settings.KeepAlive = settings.KeepAlive == 0 ? 15 : settings.KeepAlive;
        return builder.Build();
    }

    public static void Configure(DbContextOptionsBuilder options, NpgsqlDataSource database) => options
        .UseNpgsql(database)
        // Migrations are SQL files; there is no snapshot to compare with, a test compares the tables with the model.
        .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning));
}
