using Npgsql;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>What somebody has who steals a copy of the database.</summary>
internal static class DatabaseDump
{
    /// <summary>Every row of every table as text, bytes in hexadecimal.</summary>
    public static async Task<string> ReadAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        await using var command = database.CreateCommand(
            "SELECT string_agg(table_name || ' ' || query_to_xml(format('SELECT t::text FROM %I t', table_name), true, false, '')::text, '') "
                + "FROM information_schema.tables WHERE table_schema = 'public'");
        return System.Net.WebUtility.HtmlDecode((string)(await command.ExecuteScalarAsync(cancellationToken))!);
    }
}
