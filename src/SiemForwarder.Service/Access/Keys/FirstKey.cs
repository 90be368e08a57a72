using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.Service.Access.Keys;

/// <summary>Ensures before the first request that there is a key: of engines that start together on an empty database, one creates it.</summary>
internal sealed partial class FirstKey(
    ApiKeyTable table, AdminKeyFile given, IOptions<ForwarderOptions> options, TimeProvider time, ILogger<FirstKey> logger) : IHostedService
{
    public const string FileName = "admin-key";

    /// <exception cref="DatabaseStartException">The file cannot be written; with one sentence for the operator.</exception>
    /// <exception cref="OptionsValidationException">The configured file contains no key.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (given.IsSet)
        {
            given.Open();
            return;
        }

        var (id, secret) = (ApiKeyText.NewId(), ApiKeyText.NewSecret());
        var key = new ApiKey(
            id, "first admin key", Roles.Admin, null, SecretHash.Of(secret), null, null, StoredTime.Now(time), "the first start", null, null, null, null);
        var path = Path.Combine(Path.GetFullPath(options.Value.DataFolder), FileName);
        if (await table.AddFirstAsync(key, () => WriteAsync(path, ApiKeyText.Write(id, secret), cancellationToken), cancellationToken))
        {
            LogMade(path);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static async Task WriteAsync(string path, Secret key, CancellationToken cancellationToken)
    {
        DataFolder.Make(Path.GetDirectoryName(path)!);
        var draft = path + ".new";
        try
        {
            // One left by another run may have a different mode.
            File.Delete(draft);
            await using (var file = new StreamWriter(draft, DataFolder.Own(FileMode.CreateNew)))
            {
                await file.WriteLineAsync(key.Reveal().AsMemory(), cancellationToken);
            }

            File.Move(draft, path, overwrite: true);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            throw new DatabaseStartException(
                $"The first admin key cannot be written to {path} ({exception.Message}): set Forwarder__DataFolder to a folder owned by this user, or provide "
                    + "a key in a file (Forwarder__Access__AdminKeyFile).");
        }
    }

    [LoggerMessage(LogLevel.Warning, "The first administrator key is in {Path}. Use it to create keys for everyone else (docs/access.md).")]
    private partial void LogMade(string path);
}
