using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>Keys of the API, and people who are signed in.</summary>
[DbContext(typeof(ForwarderDbContext))]
[Migration("0012_access")]
internal sealed class AccessKeys() : SqlMigration("0012_access.sql");
