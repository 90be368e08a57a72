using System.Text.RegularExpressions;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events;

namespace SiemForwarder.Detections;

/// <summary>Why a rule is in Error: it threw at an event and is asked no more until it is loaded anew.</summary>
/// <param name="Rule">Key of the rule.</param>
/// <param name="Title">Title of the rule.</param>
/// <param name="EventId">Id of the event at which it happened; empty where time moved on without one.</param>
/// <param name="Position">Its place in the log of its source.</param>
/// <param name="Reason">What happened, without a full stop.</param>
public sealed record RuleFault(string Rule, string Title, string EventId, long Position, string Reason)
{
    public override string ToString() => $"Rule '{Title}' is set to Error at event {EventId} (position {Position}): {Reason}. The other rules go on.";
}

/// <summary>The rules that are in Error, each told once.</summary>
public sealed class RuleFaults
{
    private readonly SortedDictionary<string, RuleFault> faults = new(StringComparer.Ordinal);
    private readonly List<RuleFault> untold = [];

    /// <summary>All of them, by the key of the rule.</summary>
    public IReadOnlyCollection<RuleFault> All => faults.Values;

    /// <summary>Those that were not taken before.</summary>
    public IReadOnlyList<RuleFault> TakeNew()
    {
        if (untold.Count == 0)
        {
            return [];
        }

        RuleFault[] taken = [.. untold];
        untold.Clear();
        return taken;
    }

    // A process that has no memory left has no rule to blame.
    internal static bool IsOfTheRule(Exception fault) => fault is not (OutOfMemoryException or OperationCanceledException);

    internal bool Has(RuleHead rule) => faults.Count > 0 && faults.ContainsKey(rule.Key);

    internal RuleFault? Find(RuleHead rule) => faults.GetValueOrDefault(rule.Key);

    internal void Set(RuleHead rule, SecurityEvent? at, Exception fault)
    {
        var reason = fault is RegexMatchTimeoutException
            ? "a regular expression took more than 50 ms; write it without looking around and referring back"
            : fault is TimeoutException ? fault.Message.TrimEnd('.')
            : $"{fault.GetType().Name}: {fault.Message.TrimEnd('.')}";
        var told = new RuleFault(rule.Key, rule.Title, at?.Id ?? "", at?.Position ?? 0, reason);
        if (faults.TryAdd(rule.Key, told))
        {
            untold.Add(told);
        }
    }

    internal void Restore(RuleFault fault) => faults[fault.Rule] = fault;
}
