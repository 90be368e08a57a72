using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Tls;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>How the client of a source authenticates to Keycloak.</summary>
public abstract record KeycloakCredential
{
    private KeycloakCredential()
    {
    }

    /// <summary>Its secrets.</summary>
    internal abstract IEnumerable<Secret> Secrets { get; }

    /// <summary>Where to look in Keycloak's admin console if it is rejected.</summary>
    internal abstract string Advice { get; }

    /// <summary>The form fields of a token request.</summary>
    /// <param name="clientId">The client's id.</param>
    /// <param name="issuer">Issuer of the realm's tokens: the only audience that Keycloak accepts (26.2 and newer reject several).</param>
    /// <param name="now">Now.</param>
    internal abstract IEnumerable<KeyValuePair<string, string>> Form(string clientId, string issuer, DateTimeOffset now);

    private static KeyValuePair<string, string>[] Assertion(string jwt) =>
    [
        new("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), new("client_assertion", jwt),
    ];

    /// <summary>A shared secret (RFC 6749 section 2.3.1).</summary>
    public sealed record ClientSecret(Secret Value) : KeycloakCredential
    {
        internal override IEnumerable<Secret> Secrets => [Value];

        internal override string Advice => "";

        internal override IEnumerable<KeyValuePair<string, string>> Form(string clientId, string issuer, DateTimeOffset now) =>
            [new("client_id", clientId), new("client_secret", Value.Reveal())];
    }

    /// <summary>An assertion signed with the client's own key (private_key_jwt, RFC 7523 section 2.2).</summary>
    /// <param name="Key">The key in PEM format: RSA, or EC on P-256, P-384 or P-521.</param>
    /// <param name="KeyId">Id of the key in the client's key set; null for none.</param>
    public sealed record PrivateKey(Secret Key, string? KeyId) : KeycloakCredential
    {
        private static readonly TimeSpan Life = TimeSpan.FromSeconds(60);

        internal override IEnumerable<Secret> Secrets => [Key];

        internal override string Advice =>
            "Credentials → Client Authenticator: Signed JWT, and under Keys the public key or certificate of this key, with its id if one is set; the "
                + "clocks of both hosts must agree";

        /// <summary>Checks whether a text is a key that can sign; null if it is, otherwise the reason.</summary>
        public static string? Check(string pem)
        {
            try
            {
                using var key = Import(pem);
                // A public key has nothing to export.
                CryptographicOperations.ZeroMemory(key.ExportPkcs8PrivateKey());
                return key switch
                {
                    RSA { KeySize: < 2048 } => "An RSA key needs 2048 bits or more.",
                    ECDsa { KeySize: not (256 or 384 or 521) } => "An EC key must be on the curve P-256, P-384 or P-521.",
                    _ => null,
                };
            }
            catch (Exception exception) when (exception is CryptographicException or ArgumentException)
            {
                // The message of the exception may quote the key.
                return "Must be an unencrypted private key in PEM format: RSA, or EC on P-256, P-384 or P-521.";
            }
        }

        internal override IEnumerable<KeyValuePair<string, string>> Form(string clientId, string issuer, DateTimeOffset now)
        {
            using var key = Import(Key.Reveal());
            var (signing, algorithm) = key is RSA rsa
                ? ((SecurityKey)new RsaSecurityKey(rsa) { KeyId = KeyId }, SecurityAlgorithms.RsaSha256)
                : (new ECDsaSecurityKey((ECDsa)key) { KeyId = KeyId }, key.KeySize switch
                {
                    384 => SecurityAlgorithms.EcdsaSha384,
                    521 => SecurityAlgorithms.EcdsaSha512,
                    _ => SecurityAlgorithms.EcdsaSha256,
                });
            // A cached provider would outlive its key.
            signing.CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = false };
            var jwt = new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
            {
                Issuer = clientId,
                Audience = issuer,
                IssuedAt = now.UtcDateTime,
                Expires = (now + Life).UtcDateTime,
                Claims = new Dictionary<string, object>
                {
                    [JwtRegisteredClaimNames.Sub] = clientId, [JwtRegisteredClaimNames.Jti] = Guid.NewGuid().ToString(),
                },
                SigningCredentials = new SigningCredentials(signing, algorithm),
            });
            return [new("client_id", clientId), .. Assertion(jwt)];
        }

        private static AsymmetricAlgorithm Import(string pem)
        {
            pem = PemText.Of(pem);
            try
            {
                var rsa = RSA.Create();
                rsa.ImportFromPem(pem);
                return rsa;
            }
            catch (Exception exception) when (exception is CryptographicException or ArgumentException)
            {
                var ec = ECDsa.Create();
                ec.ImportFromPem(pem);
                return ec;
            }
        }
    }

    /// <summary>An assertion signed by another issuer, such as Kubernetes for a service account, in a file that is renewed.</summary>
    public sealed record TokenFile(Secret Token) : KeycloakCredential
    {
        internal override IEnumerable<Secret> Secrets => [Token];

        internal override string Advice =>
            "Credentials → Client Authenticator: Signed JWT - Federated, with the identity provider that trusts the token's issuer and the token's subject; "
                + "the token's audience must be the issuer of the realm";

        // The token itself names the subject, as chosen by its issuer.
        internal override IEnumerable<KeyValuePair<string, string>> Form(string clientId, string issuer, DateTimeOffset now) => Assertion(Token.Reveal());
    }

    /// <summary>A certificate presented in the TLS handshake (tls_client_auth, RFC 8705 section 2.1).</summary>
    public sealed record Certificate(string Pem, Secret Key) : KeycloakCredential
    {
        internal override IEnumerable<Secret> Secrets => [Key];

        internal override string Advice =>
            "Credentials → Client Authenticator: X509 Certificate, with the subject of this source's certificate; Keycloak, or a proxy that forwards it, must "
                + "request a client certificate (https-client-auth=request)";

        internal override IEnumerable<KeyValuePair<string, string>> Form(string clientId, string issuer, DateTimeOffset now) => [new("client_id", clientId)];
    }
}
