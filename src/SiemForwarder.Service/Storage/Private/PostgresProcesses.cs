using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace SiemForwarder.Service.Storage.Private;

/// <summary>Tells whether the private server runs: it does where it answers on its socket. A process id in a file says nothing after a power cut,
/// when another process may have that number.</summary>
internal sealed class PostgresProcesses(string data, string socketFolder, string connectionString)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan OrphanBound = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);

    /// <summary>True where the server answers, waited for while it starts or stops. False where it may be started: what a dead one left behind is
    /// removed.</summary>
    /// <exception cref="DatabaseStartException">A server of this folder is there and does not answer.</exception>
    public async Task<bool> IsRunningAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await AnswersAsync(cancellationToken))
        {
            if (!IsServerAlive())
            {
                await RemoveRemainsAsync(cancellationToken);
                return false;
            }

            if (Stopwatch.GetElapsedTime(started) > Bound)
            {
                throw new DatabaseStartException(
                    $"The private PostgreSQL in {data} runs but does not answer on its socket: look at {Path.Combine(data, "server.log")}, or stop it.");
            }

            await Task.Delay(Glance, TimeProvider.System, cancellationToken);
        }

        return true;
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(socketFolder, ".s.PGSQL.5432")))
        {
            return false;
        }

        try
        {
            await using var connection = new NpgsqlConnection($"{connectionString};Pooling=false;Timeout=5");
            await connection.OpenAsync(cancellationToken);
            return true;
        }
        catch (PostgresException exception)
        {
            // Any answer is one, but for that of a server that starts or stops.
            return exception.SqlState is not (PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown);
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    /// <summary>Whether the process that the server's file names is a server of this folder.</summary>
    private bool IsServerAlive()
    {
        var file = Path.Combine(data, "postmaster.pid");
        try
        {
            return File.Exists(file) && int.TryParse(File.ReadLines(file).FirstOrDefault(), CultureInfo.InvariantCulture, out var id) && WorksIn(id) != false;
        }
        catch (IOException)
        {
            // It was removed meanwhile.
            return false;
        }
    }

    /// <summary>A killed server's sessions end by themselves; only then may another one start on its data.</summary>
    private async Task RemoveRemainsAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (OperatingSystem.IsLinux() && Directory.EnumerateDirectories("/proc").Any(folder =>
            int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) && WorksIn(id) == true))
        {
            if (Stopwatch.GetElapsedTime(started) > OrphanBound)
            {
                throw new DatabaseStartException($"Processes of a PostgreSQL that was killed still work in {data}: end them, then start again.");
            }

            await Task.Delay(Glance, TimeProvider.System, cancellationToken);
        }

        File.Delete(Path.Combine(data, "postmaster.pid"));
        File.Delete(Path.Combine(socketFolder, ".s.PGSQL.5432"));
        File.Delete(Path.Combine(socketFolder, ".s.PGSQL.5432.lock"));
    }

    /// <summary>Whether a process works in the data folder, as every process of its server does; null where that cannot be told but the process is
    /// there.</summary>
    private bool? WorksIn(int id)
    {
        if (!OperatingSystem.IsLinux())
        {
            try
            {
                using var process = Process.GetProcessById(id);
                return process.ProcessName.StartsWith("postgres", StringComparison.OrdinalIgnoreCase) ? null : false;
            }
            catch (ArgumentException)
            {
                return false;
            }
        }

        try
        {
            return new FileInfo($"/proc/{id}/cwd").ResolveLinkTarget(returnFinalTarget: false)?.FullName == data;
        }
        catch (UnauthorizedAccessException)
        {
            // A process of another user is none of this server.
            return false;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
