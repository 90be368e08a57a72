namespace SiemForwarder.Reliability.Bench;

/// <summary>A fault, or a few that belong together, and what is done about it.</summary>
/// <param name="Name">Name on the command line and in the table.</param>
/// <param name="Family">Heading in the list.</param>
/// <param name="Promise">In one sentence, what is shown.</param>
/// <param name="Act">Sets the scenario up and lets the faults happen; when it ends, no fault is left.</param>
internal sealed record Scenario(string Name, string Family, string Promise, Func<ScenarioRun, CancellationToken, Task> Act)
{
    /// <summary>Clock of the realm, the oracle and the receivers.</summary>
    public Func<TimeProvider> Clock { get; init; } = () => TimeProvider.System;

    /// <summary>Settings of the scenario's PostgreSQL.</summary>
    public IReadOnlyList<string> DatabaseSettings { get; init; } = [];

    /// <summary>Makes a folder for the database; null for an ordinary one.</summary>
    public Func<string, CancellationToken, Task<IAsyncDisposable>>? Disk { get; init; }

    /// <summary>Why it cannot run on this machine; null where it can.</summary>
    public Func<string?> Obstacle { get; init; } = () => null;
}
