using System.Net;
using System.Net.Security;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Microsoft.Identity.Client;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Connections.Tls;

namespace SiemForwarder.Destinations.Http.Sentinel;

/// <summary>Gets access tokens for the identity that Azure assigned to the machine or pod, using Azure.Identity, and keeps each until shortly
/// before it expires.</summary>
internal sealed class AzureIdentityTokens : IAccessTokens
{
    // The library caches tokens for the whole process; a request with claims bypasses that cache (Continuous Access Evaluation).
    private const string AnotherToken = """{"access_token":{}}""";

    private static readonly TimeSpan Reserve = TimeSpan.FromMinutes(5);

    private readonly DestinationSettings settings;
    private readonly SentinelSettings own;
    private readonly TimeProvider time;
    private readonly HttpClient client;
    private readonly GivenAuthorities authorities;
    private Secret? token;
    private DateTimeOffset renewAt;
    private bool isFresh;
    private bool refused;

    public AzureIdentityTokens(DestinationSettings settings, SentinelSettings own, TimeProvider time)
    {
        (this.settings, this.own, this.time) = (settings, own, time);
        authorities = GivenAuthorities.Read(settings.Tls.CaCertificate);
        client = new HttpClient(CreateHandler());
    }

    /// <summary>The secret by which the platform lets this process prove that it runs there; masked in all texts.</summary>
    public static IEnumerable<Secret> Secrets =>
        Environment.GetEnvironmentVariable("IDENTITY_HEADER") is { Length: > 0 } header ? [new Secret(header)] : [];

    public IReadOnlyList<KeyValuePair<string, string>> Headers => token is null ? [] : [new("Authorization", "Bearer " + token.Reveal())];

    public async Task<IntakeVerdict?> EnsureAsync(SecretMask mask, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (token is not null && now < renewAt)
        {
            mask.Hide(token);
            return null;
        }

        using var bound = new TimeBound(settings.Timeout, time, cancellationToken);
        try
        {
            var given = await CreateCredential().GetTokenAsync(new TokenRequestContext([own.Scope], claims: refused ? AnotherToken : null), bound.Token);
            token = new Secret(given.Token);
            mask.Hide(token);
            var life = given.ExpiresOn - now;
            renewAt = now + (life > Reserve * 2 ? life - Reserve : life / 2);
            (isFresh, refused) = (true, false);
            return null;
        }
        catch (OperationCanceledException) when (bound.IsOver)
        {
            return Transient(ErrorCategory.Timeout, $"Azure issued no access token within {settings.Timeout.TotalSeconds:0.##} s.");
        }
        catch (Exception exception) when (exception is AuthenticationFailedException or RequestFailedException or MsalException)
        {
            var what = $"Azure issued no access token: {OneLine.Of(mask.Mask(exception.Message)).TrimEnd('.')}.";
            return StatusOf(exception) is null or 408 or 429 or >= 500 && exception is not CredentialUnavailableException
                ? Transient(ErrorCategory.ServerError, what)
                : IntakeVerdict.Of(new Fault(ErrorCategory.Authentication, what, Advice, NeedsChange: true), settings.IntegrationName);
        }
    }

    public bool Forget()
    {
        var wasKept = token is not null && !isFresh;
        (token, refused) = (null, true);
        return wasKept;
    }

    public void Confirm() => isFresh = false;

    public void Dispose()
    {
        client.Dispose();
        authorities.Dispose();
    }

    private string Advice => own.Credential == SentinelCredential.ManagedIdentity
        ? "Assign a managed identity to the Azure resource that this engine runs on; settings.clientId selects a user-assigned one."
        : "Check the federated credential of the identity, and that the pod is labeled azure.workload.identity/use and has AZURE_FEDERATED_TOKEN_FILE.";

    // The dispatcher has its own retries, so the client needs none.
    private TokenCredential CreateCredential()
    {
        var transport = new HttpClientTransport(client);
        if (own.Credential == SentinelCredential.ManagedIdentity)
        {
            var id = own.ClientId.Length == 0 ? ManagedIdentityId.SystemAssigned : ManagedIdentityId.FromUserAssignedClientId(own.ClientId);
            return new ManagedIdentityCredential(new ManagedIdentityCredentialOptions(id) { Transport = transport, Retry = { MaxRetries = 0 } });
        }

        var options = new WorkloadIdentityCredentialOptions { AuthorityHost = own.Authority, DisableInstanceDiscovery = true, Transport = transport,
            Retry = { MaxRetries = 0 } };
        (options.ClientId, options.TenantId) =
            (own.ClientId.Length == 0 ? options.ClientId : own.ClientId, own.TenantId.Length == 0 ? options.TenantId : own.TenantId);
        return new WorkloadIdentityCredential(options);
    }

    private SocketsHttpHandler CreateHandler()
    {
        // The identity of a machine is requested on that machine, never through a proxy.
        var proxy = own.Credential == SentinelCredential.WorkloadIdentity && settings.Proxy is { } url ? new WebProxy(url) : null;
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = proxy is not null, Proxy = proxy,
            ActivityHeadersPropagator = null,
            // A machine's own identity comes from its metadata service; the authority of a workload identity is a setting.
            ConnectCallback = HostConnection.Within(own.Credential == SentinelCredential.ManagedIdentity ? null : settings.Egress) };
        if (authorities.Count > 0)
        {
            handler.SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = authorities.Policy(),
                RemoteCertificateValidationCallback = authorities.Validation,
            };
        }

        return handler;
    }

    private IntakeVerdict Transient(ErrorCategory category, string what) =>
        IntakeVerdict.Of(new Fault(category, what, "It is requested again; if this persists, check the identity endpoint of this machine."),
            settings.IntegrationName);

    private static int? StatusOf(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            switch (exception)
            {
                case RequestFailedException { Status: > 0 } failed:
                    return failed.Status;
                case MsalServiceException { StatusCode: > 0 } refused:
                    return refused.StatusCode;
                default:
                    break;
            }
        }

        return null;
    }
}
