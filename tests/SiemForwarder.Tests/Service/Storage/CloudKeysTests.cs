using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Amazon.KeyManagementService;
using Amazon.Runtime;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Security.KeyVault.Secrets;
using SiemForwarder.Service.Storage.Private;
using SiemForwarder.Service.Storage.Protection;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Tests.Service.Storage;

/// <summary>Master keys of a cloud come through the vendors' own clients, here from servers that answer as theirs do.</summary>
public sealed class CloudKeysTests
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(MasterKey.Length);

    [Fact]
    public async Task ADataKeyIsDecryptedByKms()
    {
        var blob = RandomNumberGenerator.GetBytes(180);
        await using var kms = HttpReceiver.Start(_ => Answer(Convert.ToBase64String(Key)));

        var key = FromKms(kms).Fetch($"aws-kms:{Convert.ToBase64String(blob)}");

        Assert.Equal(MasterKey.Of(Key).Id, key.Id);
        Assert.Equal("secret", Encoding.UTF8.GetString(MasterKey.Of(Key).Open(key.Seal("secret"u8.ToArray()))));
        var request = Assert.Single(kms.Requests);
        Assert.Equal("TrentService.Decrypt", request.FindHeader("X-Amz-Target"));
        Assert.Contains("AWS4-HMAC-SHA256", request.FindHeader("Authorization"), StringComparison.Ordinal);
        Assert.Equal(Convert.ToBase64String(blob), JsonDocument.Parse(request.Body).RootElement.GetProperty("CiphertextBlob").GetString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/0f1e2d3c4b5a")]
    public async Task ASecretOfKeyVaultIsReadWithTheTokenThatTheVaultAsksFor(string version)
    {
        using var authority = new CertificateAuthority("Own", TimeProvider.System);
        await using var vault = StartVault(authority, new HttpReply(200, JsonSerializer.Serialize(new { value = Convert.ToBase64String(Key), id = "https://v/secrets/siem/1" }))
        {
            Headers = ["Content-Type: application/json"],
        });

        var key = FromVault(authority).Fetch($"azure-key-vault:https://127.0.0.1:{vault.Port}/secrets/siem{version}");

        Assert.Equal(MasterKey.Of(Key).Id, key.Id);
        Assert.Equal(2, vault.Requests.Count);
        Assert.StartsWith($"GET /secrets/siem{version}?api-version=", vault.Requests[1].RequestLine, StringComparison.Ordinal);
        Assert.Equal("Bearer token-of-the-machine", vault.Requests[1].FindHeader("Authorization"));
    }

    [Theory]
    [InlineData("aws-kms:no base64!", "AWS KMS")]
    [InlineData("aws-kms:AAAA", "is not authorized to perform: kms:Decrypt")]
    [InlineData("azure-key-vault:http://127.0.0.1/secrets/siem", "the line must be azure-key-vault:https://VAULT/secrets/NAME")]
    [InlineData("azure-key-vault:https://127.0.0.1/keys/siem", "the line must be azure-key-vault:https://VAULT/secrets/NAME")]
    public async Task WhatCannotBeFetchedIsToldInOneSentence(string line, string words)
    {
        await using var kms = HttpReceiver.Start(new HttpReply(
            400, """{"__type":"AccessDeniedException","Message":"User: arn:aws:iam::1:user/x is not authorized to perform: kms:Decrypt"}""")
        {
            Headers = ["Content-Type: application/x-amz-json-1.1", "x-amzn-ErrorType: AccessDeniedException"],
        });

        var fault = Assert.Throws<DatabaseStartException>(() => FromKms(kms).Fetch(line));

        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
        Assert.Contains("Forwarder__Secrets__MasterKeyFile", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Fact]
    public async Task AKeyOfAnotherLengthIsNone()
    {
        await using var kms = HttpReceiver.Start(_ => Answer(Convert.ToBase64String(Key[..16])));

        var fault = Assert.Throws<DatabaseStartException>(() => FromKms(kms).Fetch("aws-kms:AAAA"));

        Assert.Contains("it has 16 bytes instead of 32", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASecretThatIsMissingIsToldInOneSentence()
    {
        using var authority = new CertificateAuthority("Own", TimeProvider.System);
        await using var vault = StartVault(authority, new HttpReply(404, """{"error":{"code":"SecretNotFound","message":"A secret with (name/id) siem was not found."}}""")
        {
            Headers = ["Content-Type: application/json"],
        });

        var fault = Assert.Throws<DatabaseStartException>(() => FromVault(authority).Fetch($"azure-key-vault:https://127.0.0.1:{vault.Port}/secrets/siem"));

        Assert.StartsWith("The master key from Azure Key Vault cannot be used: A secret with (name/id) siem was not found.", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    private static HttpReply Answer(string plaintext) => new(200, JsonSerializer.Serialize(new { KeyId = "arn:aws:kms:eu-central-1:1:key/k", Plaintext = plaintext }))
    {
        Headers = ["Content-Type: application/x-amz-json-1.1"],
    };

    private static CloudKeys FromKms(HttpReceiver kms) => new(
        () => new AmazonKeyManagementServiceClient(
            new BasicAWSCredentials("id", "secret"),
            new AmazonKeyManagementServiceConfig { ServiceURL = $"http://127.0.0.1:{kms.Port}", AuthenticationRegion = "eu-central-1", MaxErrorRetry = 0 }),
        _ => throw new InvalidOperationException("Nobody asks for a vault."));

    // The vault asks for a token first, as Azure's does.
    private static HttpReceiver StartVault(CertificateAuthority authority, HttpReply reply) => HttpReceiver.Start(
        request => request.FindHeader("Authorization") is not null ? reply : new HttpReply(401)
        {
            Headers = ["""WWW-Authenticate: Bearer authorization="https://login.microsoftonline.com/tenant", resource="https://vault.azure.net" """.Trim()],
        },
        new SslServerAuthenticationOptions { ServerCertificate = authority.IssueServer("127.0.0.1") });

    private static CloudKeys FromVault(CertificateAuthority authority) => new(
        () => throw new InvalidOperationException("Nobody asks for KMS."),
        url => new SecretClient(url, new MachineCredential(), new SecretClientOptions
        {
            DisableChallengeResourceVerification = true,
            Retry = { MaxRetries = 0 },
            Transport = new HttpClientTransport(new HttpClient(new SocketsHttpHandler
            {
                SslOptions =
                {
                    CertificateChainPolicy = new X509ChainPolicy
                    {
                        TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority.Certificate }, RevocationMode = X509RevocationMode.NoCheck,
                    },
                },
            })),
        }));

    private sealed class MachineCredential : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new("token-of-the-machine", TimeProvider.System.GetUtcNow().AddHours(1));

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            ValueTask.FromResult(GetToken(requestContext, cancellationToken));
    }
}
