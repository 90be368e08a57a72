namespace SiemForwarder.Service.Detections;

/// <summary>A time range to run a rule file over.</summary>
/// <param name="From">Events from this time on; at most the last 30 days if omitted, 24 hours.</param>
/// <param name="To">Events before this time; now if omitted.</param>
/// <param name="MaxEvents">Events to follow at most: 1 to 1,000,000; 200,000 if omitted.</param>
public sealed record BacktestRequest(DateTimeOffset? From = null, DateTimeOffset? To = null, int? MaxEvents = null);

/// <summary>What a rule file would have found; nothing of it is stored.</summary>
/// <param name="From">Beginning of the range.</param>
/// <param name="To">End of the range.</param>
/// <param name="Events">Events that were followed, those before the range from which the rules learned included.</param>
/// <param name="IsWhole">False if the range was cut because it held too many events or took too long.</param>
/// <param name="CoveredTo">Time of the last event that was followed; null if there was none.</param>
/// <param name="Alerts">Number of alerts.</param>
/// <param name="AlertsPerDay">The same a day.</param>
/// <param name="Rules">Alerts by rule.</param>
/// <param name="Found">The first 100 alerts.</param>
/// <param name="Findings">Why rules of the file did not run.</param>
/// <param name="Blind">Parts of the range in which the rules could not see all that they are for; no alert there means little.</param>
public sealed record BacktestResponse(
    DateTimeOffset From, DateTimeOffset To, long Events, bool IsWhole, DateTimeOffset? CoveredTo, long Alerts, double AlertsPerDay,
    IReadOnlyList<BacktestRule> Rules, IReadOnlyList<BacktestAlert> Found, IReadOnlyList<string> Findings, IReadOnlyList<BacktestBlindPart> Blind);

/// <summary>A part of a range of which the log does not hold all events.</summary>
/// <param name="Source">The source.</param>
/// <param name="From">Beginning of the part.</param>
/// <param name="To">End of the part.</param>
/// <param name="Reason">What is missing.</param>
public sealed record BacktestBlindPart(int Source, DateTimeOffset From, DateTimeOffset To, string Reason);

/// <summary>A backtest that runs by itself.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Rule">Name of the rule file.</param>
/// <param name="State"><c>Waiting</c>, <c>Running</c>, <c>Done</c>, <c>Failed</c>, or <c>Interrupted</c> if the engine that ran it ended.</param>
/// <param name="From">Beginning of the range.</param>
/// <param name="To">End of the range.</param>
/// <param name="Events">Events that were followed so far.</param>
/// <param name="TotalEvents">Events that there are to follow; 0 before it is known.</param>
/// <param name="CreatedAt">When it was ordered.</param>
/// <param name="UpdatedAt">When it last said how far it is.</param>
/// <param name="Result">What it found; null before it is done.</param>
/// <param name="Problem">Why it failed, and what to do; null if it did not.</param>
/// <param name="OrderedBy">Name of the key or person that ordered it; null if an older version took the order.</param>
public sealed record BacktestRunResponse(
    Guid Id, string Rule, string State, DateTimeOffset From, DateTimeOffset To, long Events, long TotalEvents, DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt, BacktestResponse? Result, string? Problem, string? OrderedBy);

/// <summary>How often a rule would have alerted.</summary>
public sealed record BacktestRule(string Id, string Title, long Alerts);

/// <summary>An alert that would have been raised.</summary>
/// <param name="Rule">Id of the rule.</param>
/// <param name="At">When.</param>
/// <param name="Group">Values of its group.</param>
/// <param name="EventCount">Number of events that it rests on.</param>
/// <param name="Events">The newest of them.</param>
public sealed record BacktestAlert(
    string Rule, DateTimeOffset At, IReadOnlyDictionary<string, string> Group, int EventCount, IReadOnlyList<BacktestEvent> Events);

/// <summary>An event that an alert rests on.</summary>
public sealed record BacktestEvent(string Id, int Source, long Position, DateTimeOffset At);
