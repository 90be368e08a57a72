using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>Decisions on events that were set aside.</summary>
[DbContext(typeof(ForwarderDbContext))]
[Migration("0003_redrive")]
internal sealed class Redrive() : SqlMigration("0003_redrive.sql");
