using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace SiemForwarder.Service.Storage.Migrations;

// The migrations in the order they are applied: Entity Framework finds a migration by the attributes of its type.

/// <summary>Configuration, event log, and dispatch records.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0001_initial")]
internal sealed class Initial() : SqlMigration("0001_initial.sql");

/// <summary>Engines, and the leases through which they share the work.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0002_engines")]
internal sealed class Engines() : SqlMigration("0002_engines.sql");

/// <summary>Decisions on events that were set aside.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0003_redrive")]
internal sealed class Redrive() : SqlMigration("0003_redrive.sql");

/// <summary>The forwarder's own log, alarms, the status of sources, and pausing.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0004_operations")]
internal sealed class Operations() : SqlMigration("0004_operations.sql");

/// <summary>The preset of an integration.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0006_presets")]
internal sealed class Presets() : SqlMigration("0006_presets.sql");

/// <summary>Replays and backfills.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0007_replays")]
internal sealed class Replays() : SqlMigration("0007_replays.sql");

/// <summary>Tests run by engines of other pools.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0008_tests")]
internal sealed class TestRequests() : SqlMigration("0008_tests.sql");

/// <summary>The mapping version of events that were set aside.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0009_mapping")]
internal sealed class MappingVersion() : SqlMigration("0009_mapping.sql");

/// <summary>The incarnation of the log, the days of its positions, and indexes for old events.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0010_incarnation")]
internal sealed class Incarnation() : SqlMigration("0010_incarnation.sql");

/// <summary>Event ids in the index, deleted sources, and the server identity of sources.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0011_source_identity")]
internal sealed class SourceIdentity() : SqlMigration("0011_source_identity.sql");

/// <summary>API keys, and signed-in users.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0012_access")]
internal sealed class AccessKeys() : SqlMigration("0012_access.sql");

/// <summary>The audit trail.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0013_audit")]
internal sealed class AuditTrail() : SqlMigration("0013_audit.sql");

/// <summary>When certificates and tokens expire.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0014_expiry")]
internal sealed class Expiry() : SqlMigration("0014_expiry.sql");

/// <summary>Requests to start the next round immediately.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0015_retry")]
internal sealed class Retry() : SqlMigration("0015_retry.sql");

/// <summary>Names of users that events identify only by id.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0016_user_names")]
internal sealed class SegmentUserNames() : SqlMigration("0016_user_names.sql");

/// <summary>Changes that wait for a second administrator.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0017_pending_change")]
internal sealed class PendingChanges() : SqlMigration("0017_pending_change.sql");

/// <summary>Events that took long to prepare.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0018_slow_events")]
internal sealed class SlowEvents() : SqlMigration("0018_slow_events.sql");

/// <summary>Which file manages a source, an integration or a pool.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0020_managed_by")]
internal sealed class ManagedBy() : SqlMigration("0020_managed_by.sql");

/// <summary>Detection rules, their state, and the log of their alerts.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0021_detections")]
internal sealed class DetectionRules() : SqlMigration("0021_detections.sql");

/// <summary>Rehearsals that an engine of another pool runs.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0022_rehearsals")]
internal sealed class RehearsalRequestTable() : SqlMigration("0022_rehearsals.sql");

/// <summary>Rules that cannot see what they are for.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0023_detection_blind")]
internal sealed class DetectionBlind() : SqlMigration("0023_detection_blind.sql");

/// <summary>What flowed and what waited, minute by minute.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0031_flow_history")]
internal sealed class FlowMinutes() : SqlMigration("0031_flow_history.sql");

/// <summary>Backtests that run by themselves, and what lists held before.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0041_backtests")]
internal sealed class DetectionBacktests() : SqlMigration("0041_backtests.sql");

/// <summary>Which configuration manages which rule files and lists.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0051_managed_rule")]
internal sealed class ManagedRule() : SqlMigration("0051_managed_rule.sql");

/// <summary>Work that engines decline.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0052_lease_decline")]
internal sealed class LeaseDecline() : SqlMigration("0052_lease_decline.sql");

/// <summary>The session of indexed events.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0061_event_session")]
internal sealed class EventSession() : SqlMigration("0061_event_session.sql");

/// <summary>An index of what events are searched by.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0062_event_terms")]
internal sealed class EventTerms() : SqlMigration("0062_event_terms.sql");

/// <summary>Deliveries of replays, found by what they contain.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0071_delivery_of_replay")]
internal sealed class DeliveryOfReplay() : SqlMigration("0071_delivery_of_replay.sql");

/// <summary>What each integration delivered and what waited for it.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0072_integration_flow")]
internal sealed class IntegrationFlow() : SqlMigration("0072_integration_flow.sql");

/// <summary>The stages of tests that other engines run.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0073_test_stages")]
internal sealed class TestStages() : SqlMigration("0073_test_stages.sql");

/// <summary>What rules over alerts read, and when rules were blind.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0081_detection_sight")]
internal sealed class DetectionSight() : SqlMigration("0081_detection_sight.sql");

/// <summary>Rules that see only a part of what they are for.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0100_detection_partly_blind")]
internal sealed class DetectionPartlyBlind() : SqlMigration("0100_detection_partly_blind.sql");

/// <summary>Who ordered a backtest.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0101_backtest_owner")]
internal sealed class BacktestOwner() : SqlMigration("0101_backtest_owner.sql");

/// <summary>What roles are called in the realm.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0110_role_grant")]
internal sealed class RoleGrantNames() : SqlMigration("0110_role_grant.sql");

/// <summary>From when on segments have a codec that the version before cannot read.</summary>
[DbContext(typeof(ForwarderDbContext)), Migration("0140_segment_codec")]
internal sealed class SegmentCodecStart() : SqlMigration("0140_segment_codec.sql");

/// <summary>A migration whose statements are in an embedded <c>.sql</c> file.</summary>
internal abstract class SqlMigration(string file) : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        CrashPoint.Pass(CrashPoint.DuringMigration);
        var assembly = typeof(SqlMigration).Assembly;
        var name = $"{typeof(SqlMigration).Namespace}.{file}";
        using var stream = assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"Migration {name} is not embedded.");
        using var reader = new StreamReader(stream);
        migrationBuilder.Sql(SchemaUpdate.LockTimeout);
        migrationBuilder.Sql(reader.ReadToEnd());
    }
}
