using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>A migration whose statements stand in an embedded <c>.sql</c> file.</summary>
internal abstract class SqlMigration(string file) : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        CrashPoint.Pass(CrashPoint.DuringMigration);
        var assembly = typeof(SqlMigration).Assembly;
        var name = $"{typeof(SqlMigration).Namespace}.{file}";
        using var stream = assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"Migration {name} is not embedded.");
        using var reader = new StreamReader(stream);
        migrationBuilder.Sql(reader.ReadToEnd());
    }
}
