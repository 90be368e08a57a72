using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using SiemForwarder.Service.Settings;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.Service.Storage.Protection;

/// <summary>What the operator may set for the protection of stored secrets; section <c>Forwarder:Secrets</c>.</summary>
internal sealed class SecretsOptions
{
    public const string Section = "Forwarder:Secrets";

    /// <summary>
    /// File of master keys, one a line, each 32 bytes in base64: the first wraps the keys that are kept in the database, the others still unwrap. It is
    /// read again when it changes. With the private PostgreSQL: <c>master-key</c> in the data folder, made at the first start.
    /// </summary>
    public string? MasterKeyFile { get; set; }

    /// <summary>Folders whose files secrets of sources and integrations may name (<c>file:/run/secrets/token</c>); folders inside of them need a line of
    /// their own.</summary>
    [DefaultInWords("`/run/secrets` and `secrets` in the data folder")]
    public IList<string>? Folders { get; set; }

    /// <summary>What the names of variables begin with that secrets of sources and integrations may name (<c>env:SIEM_SECRET_TOKEN</c>).</summary>
    [Required, RegularExpression("[A-Za-z_][A-Za-z0-9_]*")]
    public string EnvironmentPrefix { get; set; } = "SIEM_SECRET_";
}

/// <summary>A key from outside the database.</summary>
/// <param name="Id">First eight hexadecimal digits of its SHA-256: names it, and tells nothing of it.</param>
internal sealed record MasterKey(string Id, byte[] Bytes)
{
    public const int Length = 32;

    public static MasterKey Of(byte[] bytes) => new(Convert.ToHexStringLower(SHA256.HashData(bytes))[..8], bytes);

    public override string ToString() => $"master key {Id}";
}

/// <summary>The master keys of the operator's file, as it is now; none where no file is named.</summary>
internal sealed class MasterKeys(IOptions<SecretsOptions> options)
{
    private readonly Lock gate = new();
    private IReadOnlyList<MasterKey> keys = [];
    private FileState seen;

    /// <summary>Whether there is a file.</summary>
    public bool IsSet => !string.IsNullOrWhiteSpace(options.Value.MasterKeyFile);

    /// <summary>The key that wraps; null where no file is named.</summary>
    /// <exception cref="DatabaseStartException">The file cannot be used; with one sentence for the operator.</exception>
    public MasterKey? Current => IsSet ? Look()[0] : null;

    /// <summary>A key of the file by its id; null where the file does not hold it.</summary>
    /// <exception cref="DatabaseStartException">The file cannot be used; with one sentence for the operator.</exception>
    public MasterKey? Find(string id) => IsSet ? Look().FirstOrDefault(key => key.Id == id) : null;

    /// <summary>Makes the file with one new key where there is none.</summary>
    /// <exception cref="DatabaseStartException">It cannot be written; with one sentence for the operator.</exception>
    public static void Make(string path)
    {
        if (File.Exists(path))
        {
            return;
        }

        try
        {
            using var file = new StreamWriter(path, DataFolder.Own(FileMode.CreateNew));
            file.WriteLine(Convert.ToBase64String(RandomNumberGenerator.GetBytes(MasterKey.Length)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, $"cannot be made ({exception.Message})");
        }
    }

    private IReadOnlyList<MasterKey> Look()
    {
        var path = options.Value.MasterKeyFile!;
        lock (gate)
        {
            var state = FileState.Of(path);
            if (keys.Count > 0 && state == seen)
            {
                return keys;
            }

            try
            {
                var read = File.ReadAllLines(path).Select(line => line.Trim()).Where(line => line.Length > 0).Select(Parse).ToList();
                if (read.Count == 0 || read.Contains(null))
                {
                    throw Unusable(path, "must hold 32 bytes in base64 on each line, as 'openssl rand -base64 32' writes them");
                }

                (keys, seen) = (read!, state);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw Unusable(path, $"cannot be read ({exception.Message})");
            }

            return keys;
        }
    }

    private static MasterKey? Parse(string line)
    {
        var bytes = new byte[MasterKey.Length + 1];
        return line.Length <= 64 && Convert.TryFromBase64String(line, bytes, out var length) && length == MasterKey.Length
            ? MasterKey.Of(bytes[..length])
            : null;
    }

    private static DatabaseStartException Unusable(string path, string what) =>
        new($"The file of master keys {path} {what}: see Forwarder__Secrets__MasterKeyFile in docs/security.md.");
}
