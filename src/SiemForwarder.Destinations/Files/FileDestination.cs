using SiemForwarder.Connections;
using SiemForwarder.Destinations.Sockets;

namespace SiemForwarder.Destinations.Files;

/// <summary>Writes lines to a file in the folder that the operator opened, for agents that tail it; rotated by renaming.</summary>
/// <remarks>Nothing stays open between batches, so files can be moved or deleted at any time, and several writers take turns.</remarks>
internal sealed class FileDestination : IDestination
{
    private readonly DestinationSettings settings;
    private readonly TimeProvider time;
    private readonly FileSettings own;
    private readonly SyslogFrames lines = new(SyslogFraming.LineFeed);

    private FileDestination(DestinationSettings settings, TimeProvider time, FileSettings own)
    {
        this.settings = settings;
        this.time = time;
        this.own = own;
    }

    public static DestinationKind Kind { get; } = new()
    {
        Id = "file",
        Name = "File",
        Description = "Appends lines to a file on the engine's machine, in the folder that its operator opened for this, for an agent that tails it.",
        DefaultPorts = new Dictionary<string, int> { ["file"] = 0 },
        Acceptance = Acceptance.HandedOver,
        CheckServerUrl = LogFilePath.Check,
        CheckSettings = static settings => FileSettings.Read(new SettingReader(settings)).Faults,
        CarriesBareEvents = true,
        NeedsLocalFolder = true,
        Documentation = "src/SiemForwarder.Destinations/README.md#file",
        Fields =
        [
            DestinationField.ServerUrl("file:///name.log or file:///folder/name.log, relative to the folder that the operator opened."),
            .. FileSettings.Fields,
        ],
        Open = static (settings, time) => new FileDestination(settings, time, FileSettings.Read(new SettingReader(settings.Settings))),
    };

    public BatchLimits Limits { get; } = new(MaxEvents: 5000, MaxBytes: 1024 * 1024);

    public async Task<DeliveryOutcome> SendAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        if (own.Faults is [var wrong, ..])
        {
            return wrong.ToFault().ToOutcome(settings.IntegrationName);
        }

        var located = Locate();
        if (!located.TryGet(out var file, out var fault))
        {
            return fault.ToOutcome(settings.IntegrationName);
        }

        fault = await file.AppendAsync(lines.Frame(batch), settings.Timeout, time, cancellationToken);
        return fault is null ? new DeliveryOutcome.Delivered($"{CountText.Of(batch.Count, "line")} written to disk")
            : fault.ToOutcome(settings.IntegrationName);
    }

    public Task<WireImage?> RenderAsync(DeliveryBatch batch, CancellationToken cancellationToken) =>
        Task.FromResult<WireImage?>(new WireImage([WireUnit.Of(WireUnitKind.File, lines.Frame(batch))]));

    public async Task<TestReport> TestAsync(DeliveryBatch batch, CancellationToken cancellationToken)
    {
        var log = new StageLog(time);
        log.Skipped(TestStageName.Resolve, "a file needs no network");
        var located = Locate();
        if (!located.TryGet(out var file, out var fault))
        {
            log.Failed(TestStageName.Connect, fault);
            return log.ToReport(default, default);
        }

        var line = lines.Frame(batch).ToArray();
        fault = await file.AppendAsync(line, settings.Timeout, time, cancellationToken);
        if (fault is not null)
        {
            log.Failed(TestStageName.Connect, fault);
            return log.ToReport(default, default);
        }

        log.Passed(TestStageName.Connect, $"{file.Path} can be written");
        log.Passed(TestStageName.Acceptance, "the test event was written to disk; whether an agent reads it, only the agent knows");
        return log.ToReport(line, default);
    }

    public ValueTask DisposeAsync()
    {
        lines.Dispose();
        return ValueTask.CompletedTask;
    }

    private Result<LogFile> Locate()
    {
        if (string.IsNullOrWhiteSpace(settings.LocalFolder))
        {
            return new Fault(
                ErrorCategory.Configuration, "the operator of this engine has opened no folder for files.",
                "Set Forwarder__FileDestination__Folder on every engine of the integration's pool.", NeedsChange: true);
        }

        return LogFilePath.Check(settings.ServerUrl) is { } sentence
            ? new SettingFault("serverUrl", sentence).ToFault()
            : LogFilePath.In(settings.LocalFolder, settings.ServerUrl, own);
    }
}

/// <summary>Settings specific to files.</summary>
internal sealed record FileSettings(long MaxBytes, int Keep, IReadOnlyList<SettingFault> Faults)
{
    private const int MebiByte = 1024 * 1024;

    public static DestinationField[] Fields { get; } =
    [
        new("settings.maxMegabytes", DestinationFieldType.Number,
            "Size in MiB at which the file is renamed and a new one started, 1 to 100000.") { Default = "100" },
        new("settings.keep", DestinationFieldType.Number,
            "How many renamed files to keep (name.log.1 is the newest), 1 to 1000; older ones are deleted, whether read or not.") { Default = "10" },
    ];

    public static FileSettings Read(SettingReader reader)
    {
        var megabytes = reader.Number("maxMegabytes", 100, 1, 100_000);
        var keep = reader.Number("keep", 10, 1, 1000);
        return new FileSettings((long)megabytes * MebiByte, keep, reader.Faults);
    }
}
