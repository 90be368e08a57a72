using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>Engines and the leases by which they share the work.</summary>
[DbContext(typeof(ForwarderDbContext))]
[Migration("0002_engines")]
internal sealed class Engines() : SqlMigration("0002_engines.sql");
