using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;
using SiemForwarder.Connections;
using SiemForwarder.Service.Settings;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.Service.Storage.Protection;

/// <summary>Protection of stored secrets; section <c>Forwarder:Secrets</c>.</summary>
internal sealed class SecretsOptions
{
    public const string Section = "Forwarder:Secrets";

    /// <summary>File of master keys, one per line: 32 bytes in base64, a certificate with its RSA key (<c>certificate:/path</c>, PEM or PKCS#12,
    /// optionally followed by a blank and the path of its password file), an AWS KMS data key (<c>aws-kms:ciphertext</c>) or an Azure Key Vault secret
    /// (<c>azure-key-vault:https://VAULT/secrets/NAME</c>). The first wraps the keys in the database, the others can still unwrap. Changes are picked up
    /// while the service runs. With the private PostgreSQL, the default is <c>master-key</c> in the data folder, created at the first start.</summary>
    public string? MasterKeyFile { get; set; }

    /// <summary>Folders whose files a secret of a source or integration may reference (<c>file:/run/secrets/token</c>); subfolders need their own
    /// entry.</summary>
    [DefaultInWords("`/run/secrets` and `secrets` in the data folder")]
    public IList<string>? Folders { get; set; }

    /// <summary>Prefix of the environment variables that a secret of a source or integration may reference (<c>env:SIEM_SECRET_TOKEN</c>).</summary>
    [Required, RegularExpression("[A-Za-z_][A-Za-z0-9_]*")]
    public string EnvironmentPrefix { get; set; } = "SIEM_SECRET_";
}

/// <summary>The master keys in the operator's file, always current; none if no file is named.</summary>
internal sealed class MasterKeys(IOptions<SecretsOptions> options, CloudKeys clouds)
{
    private const string OfCertificate = "certificate:";

    private readonly Lock gate = new();
    private IReadOnlyList<MasterKey> keys = [];
    private IReadOnlyList<(string Path, FileState State)> seen = [];

    /// <summary>Whether a file is named.</summary>
    public bool IsSet => !string.IsNullOrWhiteSpace(options.Value.MasterKeyFile);

    /// <summary>The key used for wrapping; null if no file is named.</summary>
    /// <exception cref="DatabaseStartException">The file cannot be used; the message is one sentence for the operator.</exception>
    public MasterKey? Current => IsSet ? Look()[0] : null;

    /// <summary>The key in the file with the given id; null if it is not there.</summary>
    /// <exception cref="DatabaseStartException">The file cannot be used; the message is one sentence for the operator.</exception>
    public MasterKey? Find(string id) => IsSet ? Look().FirstOrDefault(key => key.Id == id) : null;

    /// <summary>Creates the file with one new key if it does not exist.</summary>
    /// <exception cref="DatabaseStartException">It cannot be written; the message is one sentence for the operator.</exception>
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
            throw Unusable(path, $"cannot be created ({exception.Message})");
        }
    }

    private IReadOnlyList<MasterKey> Look()
    {
        var path = options.Value.MasterKeyFile!;
        lock (gate)
        {
            if (keys.Count > 0 && seen.All(file => FileState.Of(file.Path) == file.State))
            {
                return keys;
            }

            var files = new List<(string, FileState)> { (path, FileState.Of(path)) };
            try
            {
                var lines = File.ReadAllLines(path).Select(line => line.Trim()).Where(line => line.Length > 0);
                var read = lines.Select(line => line.StartsWith(OfCertificate, StringComparison.Ordinal) ? OpenCertificate(line, files)
                    : CloudKeys.IsNamedBy(line) ? clouds.Fetch(line) : Parse(line)).ToList();
                if (read.Count == 0 || read.Contains(null))
                {
                    throw Unusable(path, "must contain 32 bytes in base64 on each line, as printed by 'openssl rand -base64 32', or certificate:/path, "
                        + "aws-kms:… or azure-key-vault:…");
                }

                (keys, seen) = (read!, files);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw Unusable(path, $"cannot be read ({exception.Message})");
            }

            return keys;
        }
    }

    // certificate:/path/to/certificate /path/to/password
    private static MasterKey OpenCertificate(string line, List<(string, FileState)> files)
    {
        var parts = line[OfCertificate.Length..].Split((char[]?)null, 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var (path, passwordPath) = (parts.FirstOrDefault() ?? "", parts.ElementAtOrDefault(1));
        files.AddRange(parts.Select(part => (part, FileState.Of(part))));
        try
        {
            var password = passwordPath is null ? null : File.ReadAllText(passwordPath).TrimEnd('\r', '\n');
            using var certificate = X509Certificate2.GetCertContentType(path) == X509ContentType.Pkcs12
                ? X509CertificateLoader.LoadPkcs12FromFile(path, password)
                : password is null ? X509Certificate2.CreateFromPemFile(path) : X509Certificate2.CreateFromEncryptedPemFile(path, password);
            return MasterKey.Of(certificate);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new DatabaseStartException(
                $"The certificate {path} in the master key file cannot be used: {OneLine.Of(exception.Message).TrimEnd('.')}. "
                    + "It needs an RSA private key, in PEM or PKCS#12, and the path of its password file after a space: see docs/security.md.");
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
        new($"The master key file {path} {what}: see Forwarder__Secrets__MasterKeyFile in docs/security.md.");
}
