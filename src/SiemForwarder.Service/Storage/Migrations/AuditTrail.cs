using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>The audit trail.</summary>
[DbContext(typeof(ForwarderDbContext))]
[Migration("0013_audit")]
internal sealed class AuditTrail() : SqlMigration("0013_audit.sql");
