using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>The forwarder's own log, alarms, the status of sources, and pausing.</summary>
[DbContext(typeof(ForwarderDbContext))]
[Migration("0004_operations")]
internal sealed class Operations() : SqlMigration("0004_operations.sql");
