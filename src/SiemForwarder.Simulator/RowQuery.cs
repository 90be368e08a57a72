namespace SiemForwarder.Simulator;

/// <summary>One query of the events API, parameters already understood.</summary>
/// <param name="FromMs">Lowest time, inclusive.</param>
/// <param name="ToMs">Highest time, inclusive.</param>
/// <param name="Ascending">Oldest first.</param>
/// <param name="First">Offset, at least 0.</param>
/// <param name="Max">Most rows; negative for no limit.</param>
internal readonly record struct RowQuery(long FromMs, long ToMs, bool Ascending, int First, int Max);
