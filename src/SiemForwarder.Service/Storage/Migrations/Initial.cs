using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>Configuration, event log, and dispatch records.</summary>
[DbContext(typeof(ForwarderDbContext))]
[Migration("0001_initial")]
internal sealed class Initial() : SqlMigration("0001_initial.sql");
