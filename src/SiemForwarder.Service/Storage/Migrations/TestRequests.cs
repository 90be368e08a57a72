using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

/// <summary>Tests by the engines of other pools.</summary>
[DbContext(typeof(ForwarderDbContext))]
[Migration("0008_tests")]
internal sealed class TestRequests() : SqlMigration("0008_tests.sql");
