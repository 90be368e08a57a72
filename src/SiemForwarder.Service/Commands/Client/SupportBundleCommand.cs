using System.CommandLine;
using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using SiemForwarder.Connections;
using SiemForwarder.Service.Configuration;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>The command <c>support-bundle</c>: one archive with what a report of a fault needs, without secrets and without events.</summary>
internal static class SupportBundleCommand
{
    private const string Contents = """
        What a SiemForwarder tells of itself, for the report of a fault.

        service.json        versions, memory, settings of the process
        log.txt             the last entries of the log of the engine that answered
        readiness.json      what /health/ready answers
        status.json         integrations, sources and engines with their states and last errors, and what needs attention
        alarms.json         alarms, those that are over as well
        configuration.json  sources, integrations and pools, secrets by where they are kept
        pools.json          engine pools
        integrations/       replays, the last deliveries and what is set aside of each, without events
        metrics.txt         counters
        missing.txt         what could not be read, if anything

        Secrets are masked, and no event is included. Names of servers, sources, integrations and users of the API are as they are, and an error of a SIEM
        may repeat a part of an event: look through the files before you send them to somebody.
        """;

    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly Option<string?> Target = new("--file", "-f")
    {
        Description = "Archive to write, .tar.gz or .zip; by default siemforwarder-support-TIME.tar.gz in this folder.", HelpName = "FILE",
    };

    public static ClientCommand SupportBundle { get; } = new(
        "support-bundle", "Writes one archive with what a report of a fault needs, without secrets and without events.", """
            siemforwarder support-bundle
            siemforwarder support-bundle --file /tmp/forwarder.zip
            """, [],
            RunAsync, Target);

    private static async Task<int> RunAsync(ParseResult result, HttpClient api, CommandOutput output, CancellationToken cancellationToken)
    {
        var now = TimeProvider.System.GetUtcNow();
        var file = result.GetValue(Target) ?? string.Create(CultureInfo.InvariantCulture, $"siemforwarder-support-{now:yyyyMMdd-HHmmss}.tar.gz");
        var isZip = file.EndsWith(".zip", StringComparison.OrdinalIgnoreCase);
        if (!isZip && !file.EndsWith(".tar.gz", StringComparison.OrdinalIgnoreCase) && !file.EndsWith(".tgz", StringComparison.OrdinalIgnoreCase))
        {
            throw new CommandFaultException("--file names an archive: FILE.tar.gz or FILE.zip.");
        }

        var bundle = new SupportFiles();
        bundle.Add("README.txt", Contents);
        await CollectAsync(bundle, api, cancellationToken);
        foreach (var missing in bundle.Missing)
        {
            await output.TellAsync($"Not in the archive: {missing}");
        }

        if (bundle.Missing.Count > 0)
        {
            bundle.Add("missing.txt", string.Join('\n', bundle.Missing));
        }

        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            await using var stream = new FileStream(file, options);
            await (isZip ? bundle.WriteZipAsync(stream, cancellationToken) : bundle.WriteTarAsync(stream, now, cancellationToken));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandFaultException($"The archive cannot be written: {OneLine.Of(exception.Message, 300)}");
        }

        if (output.IsJson)
        {
            await output.WriteJsonAsync(new { file = Path.GetFullPath(file), files = bundle.Files.Select(one => one.Name), missing = bundle.Missing });
        }
        else
        {
            var count = ShownValue.Count(bundle.Files.Count, "file");
            await output.WriteLineAsync($"{Path.GetFullPath(file)} has {count}; look through them before you send them.");
        }

        return ExitCodes.Done;
    }

    private static async Task CollectAsync(SupportFiles bundle, HttpClient api, CancellationToken cancellationToken)
    {
        // First, so that a service that is not there is told at once.
        bundle.Add("readiness.json", await api.AskReadinessAsync(cancellationToken));
        await bundle.TryAsync("service.json, log.txt", async () =>
        {
            var service = await api.AskAsync("api/v1/support", cancellationToken);
            bundle.Add("log.txt", string.Join('\n', service["log"]!.AsArray().Select(line => line!.ToString())));
            service.Remove("log");
            bundle.Add("service.json", service);
        });
        await bundle.TryAsync("status.json", async () => bundle.Add("status.json", await StatusCommand.ReadAsync(api, cancellationToken)));
        await bundle.TryAsync("alarms.json", async () => bundle.Add("alarms.json", await ListAsync("api/v1/alarms?all=true")));
        await bundle.TryAsync(
            "configuration.json", async () => bundle.Add("configuration.json", await api.AskAsync("api/v1/configuration", cancellationToken)));
        await bundle.TryAsync("pools.json", async () => bundle.Add("pools.json", await ListAsync("api/v1/engine-pools")));
        await bundle.TryAsync("metrics.txt", async () => bundle.Add("metrics.txt", await api.ReadTextAsync("metrics", cancellationToken)));
        await bundle.TryAsync("integrations/", async () =>
        {
            foreach (var integration in await api.ListAsync("api/v1/integrations", cancellationToken))
            {
                var path = $"integrations/{integration["id"]}";
                var aside = await api.AskAsync($"api/v1/{path}/set-aside?pageSize=50", cancellationToken);
                foreach (var one in aside["items"]!.AsArray())
                {
                    one!.AsObject().Remove("text");
                    one.AsObject().Remove("bytesBase64");
                }

                bundle.Add($"{path}-set-aside.json", aside);
                bundle.Add($"{path}-deliveries.json", await api.AskAsync($"api/v1/{path}/deliveries?pageSize=20", cancellationToken));
                bundle.Add($"{path}-replays.json", await ListAsync($"api/v1/{path}/replays"));
            }
        });

        async Task<JsonNode> ListAsync(string path) => new JsonArray([.. await api.ListAsync(path, cancellationToken)]);
    }

    /// <summary>The files of an archive, in memory until all are there.</summary>
    private sealed class SupportFiles
    {
        private const string Folder = "siemforwarder-support";

        public List<(string Name, byte[] Content)> Files { get; } = [];

        /// <summary>What could not be read, and why.</summary>
        public List<string> Missing { get; } = [];

        public void Add(string name, string text) => Files.Add((name, Encoding.UTF8.GetBytes(text + "\n")));

        public void Add(string name, JsonNode value) => Add(name, value.ToJsonString(Readable));

        /// <summary>Adds what can be read: half a bundle tells more than none.</summary>
        public async Task TryAsync(string name, Func<Task> add)
        {
            try
            {
                await add();
            }
            catch (ApiRefusedException exception)
            {
                Missing.Add($"{name}: {OneLine.Of(exception.Message)}");
            }
            catch (Exception exception) when (exception is HttpRequestException or JsonException)
            {
                Missing.Add($"{name}: {OneLine.Of((exception.InnerException ?? exception).Message)}");
            }
        }

        public async Task WriteZipAsync(Stream stream, CancellationToken cancellationToken)
        {
            await using var archive = await ZipArchive.CreateAsync(stream, ZipArchiveMode.Create, leaveOpen: true, null, cancellationToken);
            foreach (var (name, content) in Files)
            {
                await using var entry = await archive.CreateEntry($"{Folder}/{name}").OpenAsync(cancellationToken);
                await entry.WriteAsync(content, cancellationToken);
            }
        }

        public async Task WriteTarAsync(Stream stream, DateTimeOffset now, CancellationToken cancellationToken)
        {
            await using var compressed = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true);
            await using var archive = new TarWriter(compressed, TarEntryFormat.Pax, leaveOpen: true);
            foreach (var (name, content) in Files)
            {
                await archive.WriteEntryAsync(
                    new PaxTarEntry(TarEntryType.RegularFile, $"{Folder}/{name}") { DataStream = new MemoryStream(content), ModificationTime = now },
                    cancellationToken);
            }
        }
    }
}
