using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Amazon.Runtime;
using Azure;
using Azure.Core;
using Azure.Identity;
using Azure.Security.KeyVault.Secrets;
using SiemForwarder.Connections;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.Service.Storage.Protection;

/// <summary>Fetches master keys that a cloud keeps: a data key that AWS KMS decrypts, or a secret of Azure Key Vault.</summary>
/// <remarks>
/// Once for each time that the file of master keys is read; what is fetched stays in memory, so that a cloud that is away stops a start but no running
/// engine. The credentials are those of the machine, found as the vendor's own tools find them. The operator names these servers, not a caller of the API,
/// and credentials of a machine come from link-local addresses: the egress policy does not concern them.
/// </remarks>
internal sealed class CloudKeys(Func<IAmazonKeyManagementService> openKms, Func<Uri, SecretClient> openVault)
{
    /// <summary>Begins a line with the ciphertext of a data key in base64 (AWS KMS, GenerateDataKey with AES_256).</summary>
    public const string OfKms = "aws-kms:";

    /// <summary>Begins a line with the URL of a secret that holds 32 bytes in base64 (Azure Key Vault).</summary>
    public const string OfVault = "azure-key-vault:";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public CloudKeys()
        : this(
            () => new AmazonKeyManagementServiceClient(new AmazonKeyManagementServiceConfig { Timeout = Limit, MaxErrorRetry = 2 }),
            vault => new SecretClient(vault, new DefaultAzureCredential(), Bounded(new SecretClientOptions())))
    {
    }

    /// <summary>Whether a line names a key of a cloud.</summary>
    public static bool IsNamedBy(string line) => line.StartsWith(OfKms, StringComparison.Ordinal) || line.StartsWith(OfVault, StringComparison.Ordinal);

    /// <summary>The key that a line names.</summary>
    /// <exception cref="DatabaseStartException">It cannot be fetched, or is no key; with one sentence for the operator.</exception>
    public MasterKey Fetch(string line)
    {
        var (where, fetch) = line.StartsWith(OfKms, StringComparison.Ordinal)
            ? ("AWS KMS", () => Decrypt(line[OfKms.Length..].Trim()))
            : ("Azure Key Vault", (Func<byte[]>)(() => Read(line[OfVault.Length..].Trim())));
        try
        {
            var bytes = fetch();
            return bytes.Length == MasterKey.Length
                ? MasterKey.Of(bytes)
                : throw new FormatException($"it has {bytes.Length} bytes instead of {MasterKey.Length}");
        }
        catch (Exception exception) when (exception is AmazonServiceException or AmazonClientException or RequestFailedException
            or AuthenticationFailedException or FormatException or HttpRequestException or OperationCanceledException)
        {
            throw new DatabaseStartException(
                $"The master key of {where} cannot be used: {OneLine.Of(exception.Message).TrimEnd('.')}. Look at the line of the file of "
                    + "Forwarder__Secrets__MasterKeyFile and at the credentials of this machine (docs/security.md).");
        }
    }

    private byte[] Decrypt(string ciphertext)
    {
        using var kms = openKms();
        using var blob = new MemoryStream(Convert.FromBase64String(ciphertext));
        // Keys are unwrapped in a synchronous call of the framework, and this SDK has asynchronous calls alone.
        var answer = kms.DecryptAsync(new DecryptRequest { CiphertextBlob = blob }).GetAwaiter().GetResult();
        return answer.Plaintext.ToArray();
    }

    private byte[] Read(string url)
    {
        // https://VAULT/secrets/NAME or …/NAME/VERSION
        if (!Uri.TryCreate(url, UriKind.Absolute, out var secret) || secret.Scheme != Uri.UriSchemeHttps
            || secret.Segments is not [_, "secrets/", var name, ..])
        {
            throw new FormatException("the line must be azure-key-vault:https://VAULT/secrets/NAME");
        }

        var version = secret.Segments.ElementAtOrDefault(3)?.TrimEnd('/');
        return Convert.FromBase64String(openVault(new Uri(secret.GetLeftPart(UriPartial.Authority))).GetSecret(name.TrimEnd('/'), version).Value.Value.Trim());
    }

    private static SecretClientOptions Bounded(SecretClientOptions options)
    {
        options.Retry.MaxRetries = 2;
        options.Retry.NetworkTimeout = Limit;
        options.Retry.Mode = RetryMode.Fixed;
        return options;
    }
}
