using System.Diagnostics;

namespace SiemForwarder.Reliability.Faults;

/// <summary>Sends signals to a process of the scenario.</summary>
internal static class Signals
{
    public static Task StopAsync(Process process, CancellationToken cancellationToken) => SendAsync("-STOP", process, cancellationToken);

    public static Task ContinueAsync(Process process, CancellationToken cancellationToken) =>
        SendAsync("-CONT", process, cancellationToken);

    private static Task SendAsync(string signal, Process process, CancellationToken cancellationToken) =>
        Bench.PostgresServer.MustAsync("kill", [signal, $"{process.Id}"], cancellationToken);
}
