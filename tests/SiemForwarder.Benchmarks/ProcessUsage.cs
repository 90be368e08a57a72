using System.Globalization;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.Benchmarks;

/// <summary>CPU seconds and memory of processes, read from /proc.</summary>
internal static class ProcessUsage
{
    private const double TicksPerSecond = 100;

    /// <summary>User and system time of a process and of its ended children that it waited for.</summary>
    public static double CpuSeconds(int pid)
    {
        var fields = Stat(pid);
        return fields is null ? 0 : Enumerable.Range(11, 4).Sum(i => double.Parse(fields[i], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>The same of a process and all its living descendants.</summary>
    public static double TreeCpuSeconds(int pid) => CpuSeconds(pid) + Children(pid).Sum(TreeCpuSeconds);

    /// <summary>Highest resident memory of a process so far, in MiB.</summary>
    public static double PeakMemoryMiB(int pid) => MiBOf(pid, "VmHWM:");

    /// <summary>Resident memory of a process, with the files that it has mapped.</summary>
    public static double MemoryMiB(int pid) => MiBOf(pid, "VmRSS:");

    /// <summary>Resident memory of a process that is its own: without the files that it has mapped.</summary>
    public static double OwnMemoryMiB(int pid) => MiBOf(pid, "RssAnon:");

    private static double MiBOf(int pid, string name)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(text => text.StartsWith(name, StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
    }

    /// <summary>The private PostgreSQL of a service.</summary>
    public static int PostgresPid(ForwarderProcess forwarder) => int.Parse(
        File.ReadLines(Path.Combine(forwarder.DataFolder, "postgres", "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    /// <summary>Prints a figure.</summary>
    public static void Print(string what, double value, string format = "N1") => Console.WriteLine($"{what,-62} {value.ToString(format, CultureInfo.InvariantCulture),14}");

    private static IEnumerable<int> Children(int pid) => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), out var id) ? id : 0)
        .Where(id => id > 0 && Stat(id) is { } fields && fields[1] == pid.ToString(CultureInfo.InvariantCulture));

    /// <summary>The fields of /proc/PID/stat behind the name; null where the process is gone.</summary>
    private static string[]? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
