using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>When certificates and tokens end.</summary>
[DbContext(typeof(ForwarderDbContext))]
[Migration("0014_expiry")]
internal sealed class Expiry() : SqlMigration("0014_expiry.sql");
