using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace SiemForwarder.Service.Storage.Private;

/// <summary>Determines whether the private server is running, by whether it answers on its socket. A process id in a file proves nothing after a
/// power failure, because another process may have that id.</summary>
internal sealed class PostgresProcesses(string data, string socketFolder, string connectionString)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan OrphanBound = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);

    /// <summary>True if the server answers, waiting while it starts or stops. False if it may be started; whatever a dead server left behind has been
    /// removed.</summary>
    /// <exception cref="DatabaseStartException">A server for this folder exists but does not answer.</exception>
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
                    $"The private PostgreSQL in {data} is running but does not answer on its socket: check {Path.Combine(data, "server.log")}, or stop it.");
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
            // Any answer counts, except that of a server that is starting or stopping.
            return exception.SqlState is not (PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown);
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    /// <summary>Whether the process named in the server's pid file is a server for this folder.</summary>
    private bool IsServerAlive()
    {
        var file = Path.Combine(data, "postmaster.pid");
        try
        {
            return File.Exists(file) && int.TryParse(File.ReadLines(file).FirstOrDefault(), CultureInfo.InvariantCulture, out var id) && WorksIn(id) != false;
        }
        catch (IOException)
        {
            // It was removed in the meantime.
            return false;
        }
    }

    /// <summary>The sessions of a killed server end on their own; only then may another server start on its data.</summary>
    private async Task RemoveRemainsAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (OperatingSystem.IsLinux() && Directory.EnumerateDirectories("/proc").Any(folder =>
            int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) && WorksIn(id) == true))
        {
            if (Stopwatch.GetElapsedTime(started) > OrphanBound)
            {
                throw new DatabaseStartException($"Processes of a killed PostgreSQL are still working in {data}: stop them, then start again.");
            }

            await Task.Delay(Glance, TimeProvider.System, cancellationToken);
        }

        File.Delete(Path.Combine(data, "postmaster.pid"));
        File.Delete(Path.Combine(socketFolder, ".s.PGSQL.5432"));
        File.Delete(Path.Combine(socketFolder, ".s.PGSQL.5432.lock"));
    }

    /// <summary>Whether a process works in the data folder, as every process of its server does; null if this cannot be determined but the process
    /// exists.</summary>
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
            // A process of another user does not belong to this server.
            return false;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
