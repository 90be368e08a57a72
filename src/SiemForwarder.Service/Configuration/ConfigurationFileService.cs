using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Configuration.Files;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Telemetry;

namespace SiemForwarder.Service.Configuration;

/// <summary>Applies the process's configuration file at startup and whenever it changes, one engine at a time.</summary>
/// <remarks>Changes made elsewhere stay until the file changes or a process starts, so that engines with different versions of it do not fight.</remarks>
internal sealed class ConfigurationFileService(
    IServiceProvider services, IHostApplicationLifetime lifetime, NpgsqlDataSource database, IOptions<ForwarderOptions> options, LoopGuard guard,
    TimeProvider time, ILogger<ConfigurationFileService> logger)
    : BackgroundService
{
    private const string Turn = "configuration file";
    private static readonly Uri Here = new("http://localhost/");
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(30);
    private IReadOnlyList<FileState> applied = [];
    private DateTimeOffset retryAt = DateTimeOffset.MaxValue;
    private IReadOnlyList<string> named = [];
    private string told = "";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.ConfigurationFile is not { Length: > 0 } path)
        {
            return;
        }

        // The handlers are available once the service is listening.
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var start = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await guard.RunAsync(
            "applies the configuration file", LoopGuard.LongBound, token => LookAsync(path, token),
            token => Task.Delay(options.Value.ConfigurationInterval, time, token),
            stoppingToken);
    }

    private async Task LookAsync(string path, CancellationToken cancellationToken)
    {
        IReadOnlyList<FileState> found = [.. ConfigurationReader.List(path).Concat(named).Select(FileState.Of)];
        if (found.SequenceEqual(applied) && time.GetUtcNow() < retryAt)
        {
            return;
        }

        await using var turn = await EngineTurn.TakeAsync(database, Turn, cancellationToken);
        var declared = ConfigurationReader.Read(path);
        var isDone = await ApplyAsync(declared, cancellationToken);
        if (!declared.Texts.SequenceEqual(named))
        {
            named = declared.Texts;
            found = [.. ConfigurationReader.List(path).Concat(named).Select(FileState.Of)];
        }

        (applied, retryAt) = (found, isDone ? DateTimeOffset.MaxValue : time.GetUtcNow() + RetryPause);
    }

    private async Task<bool> ApplyAsync(DeclaredConfiguration declared, CancellationToken cancellationToken)
    {
        var caller = new Caller("file", declared.Name, "configuration file", [Roles.Admin]);
        using var api = new HttpClient(new InProcessApi(services, caller)) { BaseAddress = Here };
        var apply = new ConfigurationApply(api);
        var (plan, faults) = await apply.PlanAsync(declared, prune: false, cancellationToken);
        if (faults.Count > 0)
        {
            Tell(LogLevel.Error, $"The configuration file was not applied: {string.Join(" ", faults)}");
            return false;
        }

        var isDone = true;
        await foreach (var one in apply.RunAsync(declared, plan, cancellationToken))
        {
            var subject = DeclaredConfiguration.Describe(one.Change.Kind, one.Change.Name);
            if (one.Result == AppliedChange.Refused)
            {
                isDone = false;
                Tell(LogLevel.Error, $"The configuration file could not {one.Change.Action} {subject}: {one.Sentence}");
            }
            else
            {
                logger.LogInformation("The configuration file {File}: {Action} {Subject}. {Sentence}", declared.Name, one.Change.Action, subject, one.Sentence);
            }
        }

        if (isDone)
        {
            told = "";
            logger.LogInformation("Applied the configuration file {File}.", declared.Name);
        }

        return isDone;
    }

    // A persistent fault is logged once.
    private void Tell(LogLevel level, string message)
    {
        if (message != told)
        {
            told = message;
            logger.Log(level, "{Message}", message);
        }
    }
}
