using SiemForwarder.Events;
using SiemForwarder.Reliability.Oracle;
using SiemForwarder.Reliability.Receiving;

namespace SiemForwarder.Reliability.Judging;

/// <summary>What is known at the end of a scenario about one receiver.</summary>
/// <param name="Issued">Every issued event by id.</param>
/// <param name="IsRemoved">Whether the source deleted an event before it could be pulled.</param>
/// <param name="Log">The log.</param>
/// <param name="Arrivals">What arrived, in order.</param>
/// <param name="SetAside">Positions that were set aside.</param>
/// <param name="Rendering">What events must look like.</param>
/// <param name="LargestBatch">Most events of one batch to this receiver.</param>
/// <param name="Interruptions">How often a batch may have been accepted without the service knowing it.</param>
/// <param name="KeepsOrder">Whether the order of arrival is that of the log; a set-aside part of a batch is sent later.</param>
/// <param name="OwnEvents">Events that the forwarder raised about itself; they go to every integration of all sources.</param>
/// <param name="Resent">Events that were sent again after abnormal ends of plain connections, by the records of the deliveries.</param>
/// <param name="Resends">How often that was.</param>
internal sealed record Evidence(
    IReadOnlyDictionary<string, IssuedEvent> Issued, Func<string, bool> IsRemoved, IReadOnlyList<StoredEvent> Log,
    IReadOnlyList<Arrival> Arrivals, IReadOnlySet<long> SetAside, Rendering Rendering, int LargestBatch, int Interruptions, bool KeepsOrder, long OwnEvents = 0, long Resent = 0, long Resends = 0);

/// <summary>Holds a run to the promise: nothing lost, nothing invented, bytes and order kept, repeats bounded.</summary>
internal static class Judge
{
    private const int MaxExamples = 3;

    public static (int Stored, int Received, int Duplicates, int Lost, List<string> Violations) Decide(Evidence evidence)
    {
        var violations = new List<string>();
        var log = evidence.Log.Where(one => one.Stream is EventStream.User or EventStream.Admin).ToList();
        CheckLog(evidence, log, violations);

        var known = evidence.Arrivals.Where(one => evidence.Issued.ContainsKey(one.Id)).ToList();
        var notices = evidence.Log.Count(one => one.Stream == EventStream.Forwarder) + evidence.OwnEvents;
        var strangers = evidence.Arrivals.Where(one => !evidence.Issued.ContainsKey(one.Id)).ToList();
        if (strangers.DistinctBy(one => Convert.ToHexString(one.Bytes)).Count() > notices)
        {
            violations.Add(
                $"{strangers.Count} messages arrived that were not issued, {notices} notices are stored; the first: {Text(strangers[0].Bytes)}");
        }

        Note(
            violations, "arrived with other bytes than issued",
            known.Where(one => !evidence.Rendering.IsOf(evidence.Issued[one.Id], one.Bytes)).Select(one => Text(one.Bytes)));
        var received = known.Select(one => one.Id).ToHashSet();
        var lost = log.Where(one => one.Id is not null && !received.Contains(one.Id) && !evidence.SetAside.Contains(one.Position)).ToList();
        Note(violations, "are stored and never arrived", lost.Select(one => $"position {one.Position}"));
        var duplicates = known.Count - received.Count;
        if (duplicates > (evidence.LargestBatch * evidence.Interruptions) + evidence.Resent)
        {
            violations.Add(
                $"{duplicates} duplicates, allowed are {evidence.Interruptions} times a batch of {evidence.LargestBatch}, and {evidence.Resent} recorded as sent again");
        }

        if (evidence.KeepsOrder)
        {
            CheckOrder(evidence, log, known, violations);
        }

        return (log.Count, received.Count, duplicates, lost.Count, violations);
    }

    private static void CheckLog(Evidence evidence, List<StoredEvent> log, List<string> violations)
    {
        var positions = evidence.Log.Select(one => one.Position).ToList();
        for (var i = 1; i < positions.Count; i++)
        {
            if (positions[i] != positions[i - 1] + 1)
            {
                violations.Add($"the log has a hole or a double behind position {positions[i - 1]}");
                break;
            }
        }

        var stored = log.Select(one => one.Id).ToHashSet();
        Note(violations, "were issued and never stored", evidence.Issued.Keys.Where(id => !stored.Contains(id) && !evidence.IsRemoved(id)));
        Note(
            violations, "are stored and were never issued",
            log.Where(one => one.Id is null || !evidence.Issued.ContainsKey(one.Id)).Select(one => Text(one.Body)));
        Note(violations, "are stored twice", log.GroupBy(one => one.Id).Where(group => group.Count() > 1).Select(group => $"{group.Key}"));
        Note(
            violations, "are stored with other bytes than issued",
            log.Where(one => !IsBodyOf(evidence, one)).Select(one => Text(one.Body)));
    }

    private static bool IsBodyOf(Evidence evidence, StoredEvent one)
    {
        if (one.Id is null || !evidence.Issued.TryGetValue(one.Id, out var issued))
        {
            return true;
        }

        // A server without ids shows the rest of the object as it was issued.
        var withoutId = issued.Json.AsSpan(System.Text.Encoding.UTF8.GetByteCount($"{{\"id\":\"{issued.Id}\","));
        return one.Body.AsSpan().SequenceEqual(issued.Json) || one.Body.AsSpan(1).SequenceEqual(withoutId);
    }

    /// <summary>An arrival goes on in the log or goes back by at most a batch; first arrivals never go back.</summary>
    private static void CheckOrder(Evidence evidence, List<StoredEvent> log, List<Arrival> known, List<string> violations)
    {
        var index = log.Where(one => one.Id is not null).Select((one, i) => (one.Id, i)).DistinctBy(one => one.Id)
            .ToDictionary(one => one.Id!, one => one.i);
        var (furthest, before, repeats) = (-1, -1, 0);
        foreach (var arrival in known.Where(one => index.ContainsKey(one.Id)))
        {
            var place = index[arrival.Id];
            if (place < before)
            {
                repeats++;
                if (before - place >= evidence.LargestBatch + evidence.Resent)
                {
                    violations.Add($"order: event {place + 1} came after event {before + 1}, further back than a batch");
                    return;
                }
            }
            else if (place > before + 1 && place > furthest + 1 && Skips(evidence, log, Math.Max(before, furthest) + 1, place))
            {
                violations.Add($"order: event {place + 1} came before event {Math.Max(before, furthest) + 2}");
                return;
            }

            (furthest, before) = (Math.Max(furthest, place), place);
        }

        if (repeats > evidence.Interruptions + evidence.Resends)
        {
            violations.Add($"order: {repeats} times something was sent again, {evidence.Interruptions} interruptions allow it");
        }
    }

    private static bool Skips(Evidence evidence, List<StoredEvent> log, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            if (!evidence.SetAside.Contains(log[i].Position))
            {
                return true;
            }
        }

        return false;
    }

    private static void Note(List<string> violations, string what, IEnumerable<string> offenders)
    {
        var all = offenders.ToList();
        if (all.Count > 0)
        {
            violations.Add($"{all.Count} {what}, for example {string.Join("; ", all.Take(MaxExamples))}");
        }
    }

    private static string Text(byte[] bytes) => System.Text.Encoding.UTF8.GetString(bytes);
}
