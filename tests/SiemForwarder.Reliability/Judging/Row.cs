namespace SiemForwarder.Reliability.Judging;

/// <summary>What came of one scenario at one receiver.</summary>
/// <param name="Scenario">Name of the scenario, and of the receiver where there is more than one.</param>
/// <param name="Issued">Events that the oracle put into the realm.</param>
/// <param name="Stored">Events of the realm in the log.</param>
/// <param name="Acknowledged">Events in the delivery records: those that the service believes to be delivered.</param>
/// <param name="Received">Different issued events that the receiver took.</param>
/// <param name="Duplicates">How often it took one again.</param>
/// <param name="Bound">Most duplicates that the faults of this run allow.</param>
/// <param name="SetAside">Events that the destination refused for good; they are kept.</param>
/// <param name="Lost">Stored, neither received nor set aside.</param>
/// <param name="OldestAge">Longest time between issue and arrival.</param>
/// <param name="Seen">What the faults did, as far as it was seen.</param>
/// <param name="Violations">Broken invariants in words; none in a good run.</param>
/// <param name="Seconds">How long the scenario took.</param>
internal sealed record Row(
    string Scenario, int Issued, int Stored, long Acknowledged, int Received, int Duplicates, int Bound, int SetAside, int Lost,
    TimeSpan OldestAge,
    string Seen, IReadOnlyList<string> Violations, double Seconds);
