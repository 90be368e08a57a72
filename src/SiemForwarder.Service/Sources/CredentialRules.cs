using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Tls;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Keycloak.Client;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Service.Sources;

/// <summary>Checks how the client of a source authenticates to Keycloak.</summary>
internal sealed class CredentialRules(
    KeycloakRequest request, IReadOnlyDictionary<string, Secret> stored, SecretReferences? references, Dictionary<string, Secret> secrets, FieldErrors errors)
{
    public const string BySecret = "client-secret";
    public const string ByPrivateKey = "private-key-jwt";
    public const string ByTokenFile = "token-file";
    public const string ByCertificate = "mutual-tls";

    /// <summary>The authentication methods, and the secret that each needs.</summary>
    public static readonly IReadOnlyDictionary<string, string> Ways = new Dictionary<string, string>
    {
        [BySecret] = SourceDefinition.ClientSecret,
        [ByPrivateKey] = SourceDefinition.PrivateKey,
        [ByTokenFile] = SourceDefinition.ClientAssertion,
        [ByCertificate] = SourceDefinition.ClientKey,
    };

    /// <summary>The settings with the chosen method; its secret is added to the others.</summary>
    public KeycloakDefinition AddTo(KeycloakDefinition definition)
    {
        var way = errors.Choose("keycloak.authentication", request.Authentication, BySecret, Ways.Keys.ToDictionary(name => name));
        foreach (var (other, given) in new[]
        {
            (BySecret, request.ClientSecret), (ByPrivateKey, request.PrivateKey), (ByTokenFile, request.ClientAssertion), (ByCertificate, request.ClientKey),
        })
        {
            if (other == way)
            {
                Take(way, Ways[way], given);
            }
            else if (!string.IsNullOrEmpty(given))
            {
                errors.Add(Ways[other], $"Belongs to keycloak.authentication {other}, not {way}; omit it.");
            }
        }

        errors.AtMost("keycloak.keyId", request.KeyId, 255);
        errors.OneLine("keycloak.keyId", request.KeyId?.Trim());
        var certificate = way == ByCertificate ? ConnectionRules.Pem("keycloak.clientCertificate", request.ClientCertificate, errors) : null;
        if (way == ByCertificate)
        {
            CheckCertificate(definition, certificate);
        }

        return definition with
        {
            Authentication = way == BySecret ? null : way,
            KeyId = way == ByPrivateKey && !string.IsNullOrWhiteSpace(request.KeyId) ? request.KeyId.Trim() : null,
            ClientCertificate = certificate,
        };
    }

    /// <summary>Whether a change omits the stored secret.</summary>
    public bool LeavesOut(string name) => stored.ContainsKey(name) && secrets.ContainsKey(name) && name switch
    {
        SourceDefinition.PrivateKey => request.PrivateKey,
        SourceDefinition.ClientAssertion => request.ClientAssertion,
        SourceDefinition.ClientKey => request.ClientKey,
        _ => request.ClientSecret,
    } is null;

    private void Take(string way, string name, string? given)
    {
        var before = stored.GetValueOrDefault(name);
        if ((given is null ? before : references?.Find(name, given) ?? SecretText.Of(given, before)) is not { } secret)
        {
            errors.Add(name, way switch
            {
                ByPrivateKey => "Give the client's private key in PEM format; the public key is in Keycloak under Clients → the client → Keys.",
                ByTokenFile => "Name the file that holds the token, such as file:/run/secrets/keycloak-token.",
                ByCertificate => "Give the private key of keycloak.clientCertificate in PEM format.",
                _ => "Give the client's secret, found in Keycloak under Clients → the client → Credentials.",
            });
            secrets[name] = new Secret(string.Empty);
            return;
        }

        secrets[name] = secret;
        if (way == BySecret && !SecretText.IsOneLine(secret, before))
        {
            errors.Add(name, SecretText.NotOneLine);
        }
        else if (way == ByTokenFile && secret.Reference?.StartsWith("file:", StringComparison.Ordinal) != true)
        {
            errors.Add(name, "Must name a file, such as file:/run/secrets/keycloak-token, because a token that is not renewed expires soon.");
        }
        else if (way == ByPrivateKey && KeycloakCredential.PrivateKey.Check(secret.Reveal()) is { } fault)
        {
            errors.Add(name, fault);
        }
    }

    private void CheckCertificate(KeycloakDefinition definition, string? certificate)
    {
        if (definition.BaseUrl.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            errors.Add("keycloak.authentication", "http has no certificates; use https or another authentication method.");
        }

        if (certificate is null)
        {
            errors.Add("keycloak.clientCertificate", "Give the client's certificate in PEM format, followed by its chain.");
            return;
        }

        try
        {
            using var pair = X509Certificate2.CreateFromPem(certificate, PemText.Of(secrets[SourceDefinition.ClientKey].Reveal()));
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            errors.Add(SourceDefinition.ClientKey, "Is not the private key of keycloak.clientCertificate, or is not unencrypted PEM.");
        }
    }
}
