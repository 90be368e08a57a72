using SiemForwarder.Reliability.Bench;

namespace SiemForwarder.Reliability.Scenarios;

/// <summary>All scenarios, in the order of the table.</summary>
internal static class Catalogue
{
    public static IReadOnlyList<Scenario> All { get; } =
    [
        .. CrashPoints.All, .. Kills.All, .. TwoEngines.All, .. Upgrade.All, .. EverythingAtOnce.All, .. Databases.All, .. Failovers.All, .. Neighbours.All,
        .. TcpFaults.All, .. TlsFaults.All, .. Names.All,
        .. HttpFaults.All,
        .. IntakeFaults.All, .. Sources.All, .. TimedSources.All, .. Clocks.All, .. LongOutages.All,
    ];
}
