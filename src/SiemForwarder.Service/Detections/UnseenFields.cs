using System.Text;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;
using SiemForwarder.Events.Bytes;
using SiemForwarder.Events.Formats;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Detections;

/// <summary>A rule of whose alerts or events an integration does not show its SIEM what the rule is for.</summary>
/// <param name="Rule">Key of the rule.</param>
/// <param name="File">Its file.</param>
/// <param name="IntegrationId">The integration.</param>
/// <param name="Reason">What is missing where, and what to do.</param>
internal sealed record UnseenSpot(string Rule, string File, int IntegrationId, string Reason);

/// <summary>Finds what integrations leave out of alerts and events that rules need: by writing such an event as it would be sent, and looking.</summary>
internal static class UnseenFields
{
    /// <summary>The rules among those that report, and the integrations that do not show all of what they are for.</summary>
    /// <param name="rules">The rules that run.</param>
    /// <param name="integrations">The integrations that send.</param>
    public static IReadOnlyList<UnseenSpot> Find(RunningRules rules, IReadOnlyList<RunnableIntegration> integrations)
    {
        if (integrations.Count == 0)
        {
            return [];
        }

        var spots = new List<UnseenSpot>();
        foreach (var integration in integrations)
        {
            using var output = new ProbeOutput(integration);
            foreach (var rule in rules.Reported)
            {
                if (WhyUnseen(rule, rules.Reaches[rule.Head.Key], output) is { } reason)
                {
                    spots.Add(new UnseenSpot(rule.Head.Key, rule.File, integration.Id, reason));
                }
            }
        }

        return spots;
    }

    // What an integration does not get at all, it leaves to others.
    private static string? WhyUnseen(AlertingRule rule, RuleReach reach, ProbeOutput output)
    {
        var alert = SiemProbe.OfAlert(rule);
        if (!output.Reads(DetectionTables.SourceId, alert.Event))
        {
            return null;
        }

        var lacks = new List<string>();
        Add(lacks, "its alerts", output.FindMissing(alert));
        Add(lacks, "its events", FindMissingOfEvents(rule, reach, output));
        return lacks.Count == 0 ? null
            : $"The SIEM of integration '{output.Name}' does not see all that the rule looks at: {string.Join("; ", lacks)}. "
                + "Change privacy, schema or includeRepresentation of the integration, or exclude DETECTION there.";
    }

    private static List<MissingField> FindMissingOfEvents(AlertingRule rule, RuleReach reach, ProbeOutput output)
    {
        var missing = new List<MissingField>();
        var user = reach.UserTypes.Where(types => types.Count > 0).Select(types => SiemProbe.OfUserEvent(types.Min(StringComparer.Ordinal)!, rule.Fields));
        var admin = reach.AdminTypes.Where(types => types.Count > 0).Select(types => SiemProbe.OfAdminEvent(types.Min(StringComparer.Ordinal)!, rule.Fields));
        foreach (var probe in user.Concat(admin).Where(probe => output.Reads(null, probe.Event)))
        {
            missing.AddRange(output.FindMissing(probe).Where(field => !missing.Contains(field)));
        }

        return missing;
    }

    private static void Add(List<string> lacks, string where, IReadOnlyList<MissingField> missing)
    {
        foreach (var group in missing.GroupBy(field => field.IsPrivate))
        {
            var names = string.Join(", ", group.Select(field => field.Name).Order(StringComparer.Ordinal));
            lacks.Add($"{where} lack {names} ({(group.Key ? "privacy rules" : "not in its format")})");
        }
    }

    // A field that is not in what is sent: hidden by privacy rules, or nowhere in the format.
    private readonly record struct MissingField(string Name, bool IsPrivate);

    // Writes events as an integration sends them.
    private sealed class ProbeOutput(RunnableIntegration integration) : IDisposable
    {
        private readonly IEventFormatter formatter = EventFormatCatalog.Create(integration.Output);
        private readonly PooledBuffer bytes = new(4096);

        public string Name => integration.Name;

        /// <summary>Whether the integration sends such an event of a source; null for any source but those of the forwarder itself.</summary>
        public bool Reads(int? source, SecurityEvent one) => integration.Filter.Evaluate(one).IsWanted
            && (integration.Sources.Count == 0 || (source is { } id ? integration.Sources.Contains(id) : integration.Sources.Any(other => other > 0)));

        public List<MissingField> FindMissing(SiemProbe probe)
        {
            var (sent, open) = (Write(integration.Show(probe.Event).Event), Write(probe.Event));
            return [.. probe.Marks.Where(mark => !IsIn(sent, mark.Value) && !IsIn(sent, integration.Pseudonym(mark.Value)))
                .Select(mark => new MissingField(mark.Key, IsIn(open, mark.Value)))];
        }

        public void Dispose() => bytes.Dispose();

        private byte[] Write(SecurityEvent one)
        {
            bytes.Clear();
            formatter.Write(one, bytes);
            return bytes.Memory.ToArray();
        }

        private static bool IsIn(ReadOnlySpan<byte> sent, string? text) => text is not null && sent.IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
    }
}
