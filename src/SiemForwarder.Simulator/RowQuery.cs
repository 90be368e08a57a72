namespace SiemForwarder.Simulator;

/// <summary>A query of the events API, with its parameters already parsed.</summary>
/// <param name="FromMs">Lowest time, inclusive.</param>
/// <param name="ToMs">Highest time, inclusive.</param>
/// <param name="Ascending">Oldest first.</param>
/// <param name="First">Offset, at least 0.</param>
/// <param name="Max">Maximum number of rows; negative for no limit.</param>
internal readonly record struct RowQuery(long FromMs, long ToMs, bool Ascending, int First, int Max);
