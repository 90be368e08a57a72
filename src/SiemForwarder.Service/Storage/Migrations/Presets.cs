using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>The preset of an integration.</summary>
[DbContext(typeof(ForwarderDbContext))]
[Migration("0006_presets")]
internal sealed class Presets() : SqlMigration("0006_presets.sql");
