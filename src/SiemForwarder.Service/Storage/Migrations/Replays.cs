using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>Replays and backfills.</summary>
[DbContext(typeof(ForwarderDbContext))]
[Migration("0007_replays")]
internal sealed class Replays() : SqlMigration("0007_replays.sql");
