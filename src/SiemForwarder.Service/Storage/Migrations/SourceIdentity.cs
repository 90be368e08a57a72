using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>Ids of events in the index, sources that were deleted, and who the server of a source is.</summary>
[DbContext(typeof(ForwarderDbContext))]
[Migration("0011_source_identity")]
internal sealed class SourceIdentity() : SqlMigration("0011_source_identity.sql");
