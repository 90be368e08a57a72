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

/// <summary>Fetches master keys kept in a cloud: a data key decrypted by AWS KMS, or a secret in Azure Key Vault.</summary>
/// <remarks>
/// Keys are fetched each time the master key file is read and then kept in memory, so that a cloud outage prevents a start but affects no running
/// engine. The machine's credentials are used, found the way the vendor's own tools find them. These servers are named by the operator, not by an API
/// caller, and machine credentials come from link-local addresses, so the egress policy does not apply to them.
/// </remarks>
internal sealed class CloudKeys(Func<IAmazonKeyManagementService> openKms, Func<Uri, SecretClient> openVault)
{
    /// <summary>Prefix of a line with the base64 ciphertext of a data key (AWS KMS, GenerateDataKey with AES_256).</summary>
    public const string OfKms = "aws-kms:";

    /// <summary>Prefix of a line with the URL of a secret that contains 32 bytes in base64 (Azure Key Vault).</summary>
    public const string OfVault = "azure-key-vault:";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public CloudKeys()
        : this(
            () => new AmazonKeyManagementServiceClient(new AmazonKeyManagementServiceConfig { Timeout = Limit, MaxErrorRetry = 2 }),
            vault => new SecretClient(vault, new DefaultAzureCredential(), Bounded(new SecretClientOptions())))
    {
    }

    /// <summary>Whether a line names a key in a cloud.</summary>
    public static bool IsNamedBy(string line) => line.StartsWith(OfKms, StringComparison.Ordinal) || line.StartsWith(OfVault, StringComparison.Ordinal);

    /// <summary>The key named by a line.</summary>
    /// <exception cref="DatabaseStartException">It cannot be fetched or is not a key; the message is one sentence for the operator.</exception>
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
                $"The master key from {where} cannot be used: {OneLine.Of(exception.Message).TrimEnd('.')}. Check the line in the file named by "
                    + "Forwarder__Secrets__MasterKeyFile and the credentials of this machine (docs/security.md).");
        }
    }

    private byte[] Decrypt(string ciphertext)
    {
        using var kms = openKms();
        using var blob = new MemoryStream(Convert.FromBase64String(ciphertext));
        // The framework unwraps keys in a synchronous call, and this SDK has only asynchronous calls.
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
