using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>Ids of events in the index, and the sources that were deleted.</summary>
[DbContext(typeof(ForwarderDbContext))]
[Migration("0011_deleted_sources")]
internal sealed class DeletedSources() : SqlMigration("0011_deleted_sources.sql");
