using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>The incarnation of the log, the days of its positions, and indexes for old events.</summary>
[DbContext(typeof(ForwarderDbContext))]
[Migration("0010_incarnation")]
internal sealed class Incarnation() : SqlMigration("0010_incarnation.sql");
