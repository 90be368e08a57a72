using System.Text.RegularExpressions;
using SiemForwarder.Tests.Support;

namespace SiemForwarder.Tests.HouseRules;

/// <summary>Each table has one folder whose SQL names it; every other folder goes through a named query of that one, so that the direction of folders holds for tables too.</summary>
public sealed partial class TableOwnerTests
{
    private const string Service = "src/SiemForwarder.Service";

    private static readonly Dictionary<string, string[]> Owners = new()
    {
        ["Storage"] = ["source", "integration", "engine_pool", "protection_key"],
        ["Access"] = ["api_key", "signed_in", "logout_token", "role_grant"],
        ["Engines"] = ["engine", "lease", "lease_decline", "expiry"],
        ["EventLog"] =
        [
            "log_head", "log_day", "log_break", "log_origin", "segment", "event_index", "index_checkpoint", "poll_checkpoint", "integration_checkpoint", "gap",
            "deleted_source", "segment_codec",
        ],
        ["Sources"] = ["source_status", "realm_identity"],
        ["Integrations"] = ["integration_status", "pending_change"],
        ["Dispatch"] = ["delivery", "set_aside", "replay", "replay_range", "test_request", "rehearsal_request", "slow_event"],
        ["Detections"] =
        [
            "detection_rule", "detection_list", "detection_list_version", "detection_reader", "detection_checkpoint", "detection_batch", "detection_day",
            "detection_blind", "detection_blind_past", "detection_unseen", "detection_backtest",
        ],
        ["Configuration"] = ["managed_rule"],
        ["Operations"] = ["alarm", "flow_minute", "integration_flow"],
        ["Audit"] = ["audit", "audit_head", "audit_pending"],
    };

    [Fact]
    public void EveryTableHasOneOwner()
    {
        var created = Directory.GetFiles(Path.Combine(RepositoryFiles.Root, Service, "Storage", "Migrations"), "*.sql")
            .SelectMany(file => Created().Matches(File.ReadAllText(file))).Select(match => match.Groups["table"].Value).Order(StringComparer.Ordinal);

        Assert.Equal(created, Owners.Values.SelectMany(tables => tables).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void NoFolderNamesATableOfAnother()
    {
        var offences = new List<string>();
        foreach (var (path, text) in SourceFiles.Under(Service))
        {
            var folder = path[(Service.Length + 1)..].Split('/')[0];
            foreach (Match match in Named().Matches(text))
            {
                var table = match.Groups["table"].Value;
                var owner = Owners.SingleOrDefault(one => one.Value.Contains(table)).Key;
                if (owner is not null && owner != folder)
                {
                    offences.Add($"{path} names {table}, a table of {owner}: {match.Value}");
                }
            }
        }

        SourceFiles.AssertNone(offences);
    }

    [Theory]
    [InlineData("FROM source s", "source")]
    [InlineData("FROM created, integration i", "integration")]
    [InlineData("JOIN log_head h", "log_head")]
    [InlineData("DELETE FROM segment s USING (", "segment")]
    [InlineData("UPDATE replay_range r SET", "replay_range")]
    [InlineData("INSERT INTO gap (", "gap")]
    public void ANamedTableIsFound(string sql, string table) =>
        Assert.Contains(Named().Matches(sql), match => match.Groups["table"].Value == table);

    [GeneratedRegex(@"CREATE TABLE (IF NOT EXISTS )?(?<table>[a-z_]+)")]
    private static partial Regex Created();

    // SQL keywords stand in capitals in this house; a list of tables goes on behind a comma.
    [GeneratedRegex(@"\b(?:FROM|JOIN|INTO|UPDATE|ONLY|USING|TABLE)\s+(?:[a-z_]+\s*(?:[a-z]\s*)?,\s*)*(?<table>[a-z_]+)\b")]
    private static partial Regex Named();
}
