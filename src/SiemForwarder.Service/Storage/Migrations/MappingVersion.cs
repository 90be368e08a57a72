using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>The mapping version of events that were set aside.</summary>
[DbContext(typeof(ForwarderDbContext))]
[Migration("0009_mapping")]
internal sealed class MappingVersion() : SqlMigration("0009_mapping.sql");
