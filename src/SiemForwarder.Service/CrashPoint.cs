using System.Globalization;
using System.Runtime.InteropServices;

namespace SiemForwarder.Service;

/// <summary>Points where the process can be made to crash, to prove that nothing is lost there; inert unless <see cref="Variable"/> is set.</summary>
/// <remarks>
/// The variable holds the name of a point and, after a colon, which pass of it crashes the process (the first by default):
/// <c>after-send:3</c>. The process ends abruptly, as by <c>kill -9</c>, with <see cref="ExitCode"/>. See docs/reliability.md.
/// </remarks>
internal static class CrashPoint
{
    public const string Variable = "Forwarder__CrashPoint";

    /// <summary>The same name as a path of the configuration.</summary>
    public const string Setting = "Forwarder:CrashPoint";

    /// <summary>Exit code of a process that ended at a crash point.</summary>
    public const int ExitCode = 86;

    /// <summary>A page was read from the source; nothing of it is stored.</summary>
    public const string AfterPull = "after-pull";

    /// <summary>A page is about to be stored.</summary>
    public const string BeforeAppendCommit = "before-append-commit";

    /// <summary>A page and its poll checkpoint are stored; no one has been notified.</summary>
    public const string AfterAppendCommit = "after-append-commit";

    /// <summary>A batch is ready; nothing of it was sent.</summary>
    public const string BeforeSend = "before-send";

    /// <summary>A destination accepted a batch; the checkpoint does not know it yet.</summary>
    public const string AfterSend = "after-send";

    /// <summary>The checkpoint of an integration moved; the process does not know it yet.</summary>
    public const string AfterCheckpoint = "after-checkpoint";

    /// <summary>Retention is about to commit the end of a day, or dropped a partition and may have more to drop.</summary>
    public const string DuringRetention = "during-retention";

    /// <summary>A migration is about to run; an earlier one may have run just before.</summary>
    public const string DuringMigration = "during-migration";

    // Read once, so that the JIT compiler removes the check if nothing is set.
    private static readonly string? Armed = Environment.GetEnvironmentVariable(Variable);

    private static int passes;

    /// <summary>Every point, in the order of the flow.</summary>
    public static IReadOnlyList<string> All { get; } =
        [AfterPull, BeforeAppendCommit, AfterAppendCommit, BeforeSend, AfterSend, AfterCheckpoint, DuringRetention, DuringMigration];

    /// <summary>Passes a point; crashes the process if it is armed.</summary>
    public static void Pass(string point)
    {
        if (Armed is not null)
        {
            EndIfArmed(point, Armed);
        }
    }

    private static void EndIfArmed(string point, string armed)
    {
        var parts = armed.Split(':');
        var pass = parts.Length > 1 && int.TryParse(parts[1], CultureInfo.InvariantCulture, out var number) ? number : 1;
        if (parts[0] != point || Interlocked.Increment(ref passes) != pass)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Environment.FailFast($"Ended at the crash point '{point}', as {Variable} asks for.");
        }

        ExitNow(ExitCode);
    }

    // _exit(2): no handlers, no finalizers, nothing flushed.
    [DllImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void ExitNow(int code);
}
