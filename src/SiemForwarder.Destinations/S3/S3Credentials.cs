using System.Text.RegularExpressions;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.S3;

/// <summary>Whose requests to S3 these are: those of an access key or of the pod, and of a role that either takes on.</summary>
/// <param name="OfPod">Whether the web identity of the pod is used instead of an access key.</param>
/// <param name="AccessKeyId">Public half of the access key.</param>
/// <param name="SecretAccessKey">Secret half of it.</param>
/// <param name="RoleArn">Role to take on; empty for none.</param>
/// <param name="ExternalId">What the role's owner asks for beside the identity; empty for none.</param>
/// <param name="StsUrl">Where roles are taken on; null for that of AWS in the region.</param>
internal sealed partial record S3Identity(
    bool OfPod, string AccessKeyId, Secret SecretAccessKey, string RoleArn, string ExternalId, Uri? StsUrl)
{
    public static DestinationField[] Fields { get; } =
    [
        new("settings.credential", DestinationFieldType.Choice,
            "An access key, or the web identity of the engine's pod (AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE).")
        {
            Default = "accessKey", Choices = ["accessKey", "webIdentity"], LeadsSecrets = true,
        },
        new("settings.accessKeyId", DestinationFieldType.Text, "Access key id; required with accessKey.") { LeadsSecrets = true },
        new("settings.secretAccessKey", DestinationFieldType.Text, "Secret access key; required with accessKey.") { Secret = true },
        new("settings.roleArn", DestinationFieldType.Text, "Role to take on with that identity: arn:aws:iam::123456789012:role/NAME.") { LeadsSecrets = true },
        new("settings.externalId", DestinationFieldType.Text, "External id that the role's trust policy asks for.") { LeadsSecrets = true },
        new("settings.stsUrl", DestinationFieldType.Url, "Where roles are taken on; default: https://sts.REGION.amazonaws.com."),
    ];

    public static S3Identity Read(SettingReader reader)
    {
        var ofPod = reader.Choice("credential", "accessKey", "accessKey", "webIdentity") == "webIdentity";
        var id = ofPod ? reader.Text("accessKeyId") ?? "" : reader.Required("accessKeyId", "Set the id of an access key, or settings.credential webIdentity.");
        var secret = ofPod ? reader.Text("secretAccessKey") ?? "" : reader.Required("secretAccessKey", "Set the secret of the access key.");
        if (ofPod && (id.Length > 0 || secret.Length > 0))
        {
            reader.Fault("credential", "Is webIdentity, which needs no access key: omit accessKeyId and secretAccessKey, or set accessKey.");
        }

        var role = reader.Text("roleArn") ?? "";
        if (role.Length > 0 && !RoleName().IsMatch(role))
        {
            reader.Fault("roleArn", "Must read arn:aws:iam::123456789012:role/NAME.");
        }

        var externalId = reader.Text("externalId") ?? "";
        if (externalId.Length > 0 && role.Length == 0)
        {
            reader.Fault("externalId", "Belongs to a role: set settings.roleArn, or omit it.");
        }

        Uri? stsUrl = null;
        if (reader.Text("stsUrl") is { } text
            && (!Uri.TryCreate(text, UriKind.Absolute, out stsUrl) || stsUrl.Scheme is not ("https" or "http") || stsUrl.UserInfo.Length > 0))
        {
            reader.Fault("stsUrl", "Must be a URL such as https://sts.eu-central-1.amazonaws.com, without a user name or password.");
            stsUrl = null;
        }

        return new S3Identity(ofPod, id, new Secret(secret), role, externalId, stsUrl);
    }

    /// <summary>What could hand the identity of this pod to someone else.</summary>
    /// <remarks>Someone who may edit an integration must not gain access to the identity of the machine it runs on.</remarks>
    public IReadOnlyList<SettingFault> FaultsAt(DestinationSettings settings)
    {
        if (!OfPod)
        {
            return [];
        }

        var faults = new List<SettingFault>();
        if (!IsTrusted(settings.ServerUrl))
        {
            faults.Add(new SettingFault(
                "serverUrl", "The identity of a pod is only used with AWS: use https:// and a host that ends in .amazonaws.com or .amazonaws.com.cn."));
        }

        if (StsUrl is not null && !IsTrusted(StsUrl))
        {
            faults.Add(new SettingFault("settings.stsUrl", "The identity of a pod is only shown to AWS: omit it, or name a host that ends in .amazonaws.com."));
        }

        if ((settings.Tls.CaCertificate ?? settings.Tls.Fingerprint ?? settings.Tls.ServerName) is not null && !IsHere(settings.ServerUrl))
        {
            faults.Add(new SettingFault(
                "tls", "With the identity of a pod, only the authorities of this machine are trusted: omit caCertificate, fingerprint and serverName."));
        }

        return faults;

        bool IsHere(Uri url) => settings.ShowsIdentityToLoopback && url.IsLoopback && settings.Proxy is null;
        bool IsTrusted(Uri url) => IsHere(url) || (url.Scheme == Uri.UriSchemeHttps && S3Settings.IsAws(url.IdnHost));
    }

    /// <summary>The identity in words, without secrets.</summary>
    public string InWords() =>
        (OfPod ? "the web identity of the pod" : $"the access key {AccessKeyId}") + (RoleArn.Length > 0 ? $" in the role {RoleArn}" : "");

    [GeneratedRegex(@"^arn:[a-z0-9-]+:iam::[0-9]*:role/[\w+=,.@/-]{1,512}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex RoleName();
}

/// <summary>Keeps the credentials that sign requests; takes roles on where the settings name one, and again shortly before they end.</summary>
internal sealed class S3Credentials(DestinationSettings settings, S3Settings own, TimeProvider time) : IDisposable
{
    private const string SessionName = "siemforwarder";

    private static readonly TimeSpan Reserve = TimeSpan.FromMinutes(5);

    private readonly S3Identity identity = own.Identity;
    private S3Transport? transport;
    private AWSCredentials? current;
    private DateTimeOffset renewAt = DateTimeOffset.MaxValue;

    /// <summary>The credentials, or why there are none. Only cancellation throws.</summary>
    public async Task<Result<AWSCredentials>> GetAsync(CancellationToken cancellationToken)
    {
        if (current is not null && time.GetUtcNow() < renewAt)
        {
            return current;
        }

        if (!identity.OfPod && identity.RoleArn.Length == 0)
        {
            return current = OfKey();
        }

        var stsUrl = identity.StsUrl ?? DefaultStsUrl();
        transport ??= new S3Transport(S3Transport.Beside(settings, stsUrl), time);
        var call = await transport.CallAsync(token => TakeOnAsync(stsUrl, token), cancellationToken);
        if (!call.TryGet(out var taken, out var fault))
        {
            return fault;
        }

        var life = taken.Expiration is { } end ? end.ToUniversalTime() - time.GetUtcNow().UtcDateTime : TimeSpan.FromHours(1);
        renewAt = time.GetUtcNow() + (life > Reserve * 2 ? life - Reserve : life / 2);
        return current = taken;
    }

    /// <summary>After the server refused credentials as expired: whether others can be had.</summary>
    public bool Forget()
    {
        var wasTemporary = identity.OfPod || identity.RoleArn.Length > 0;
        current = wasTemporary ? null : current;
        return wasTemporary;
    }

    public void Dispose() => transport?.Dispose();

    private BasicAWSCredentials OfKey() => new(identity.AccessKeyId, identity.SecretAccessKey.Reveal());

    private Uri DefaultStsUrl()
    {
        var region = own.RegionAt(settings.ServerUrl);
        return new Uri($"https://sts.{region}.amazonaws.com{(region.StartsWith("cn-", StringComparison.Ordinal) ? ".cn" : "")}");
    }

    private async Task<Credentials> TakeOnAsync(Uri stsUrl, CancellationToken cancellationToken)
    {
        Credentials? ofPod = null;
        if (identity.OfPod)
        {
            var (role, file) = (Environment.GetEnvironmentVariable("AWS_ROLE_ARN"), Environment.GetEnvironmentVariable("AWS_WEB_IDENTITY_TOKEN_FILE"));
            if (string.IsNullOrEmpty(role) || string.IsNullOrEmpty(file))
            {
                throw new AmazonClientException("this engine has no web identity: AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE are not both set");
            }

            using var anonymous = Open(stsUrl, new AnonymousAWSCredentials());
            var shown = await anonymous.AssumeRoleWithWebIdentityAsync(
                new AssumeRoleWithWebIdentityRequest
                {
                    RoleArn = role, RoleSessionName = SessionName, WebIdentityToken = (await File.ReadAllTextAsync(file, cancellationToken)).Trim(),
                },
                cancellationToken);
            ofPod = shown.Credentials;
            if (identity.RoleArn.Length == 0 || identity.RoleArn == role)
            {
                return ofPod;
            }
        }

        using var client = Open(stsUrl, ofPod ?? (AWSCredentials)OfKey());
        var answer = await client.AssumeRoleAsync(
            new AssumeRoleRequest
            {
                RoleArn = identity.RoleArn, RoleSessionName = SessionName, ExternalId = identity.ExternalId.Length == 0 ? null : identity.ExternalId,
            },
            cancellationToken);
        return answer.Credentials;
    }

    private AmazonSecurityTokenServiceClient Open(Uri stsUrl, AWSCredentials credentials) => new(
        credentials,
        transport!.Configure(new AmazonSecurityTokenServiceConfig { ServiceURL = stsUrl.GetLeftPart(UriPartial.Authority) }, own.RegionAt(settings.ServerUrl)));
}
