using Microsoft.Extensions.Options;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Access.Realms;

/// <summary>The Keycloak realm whose users and clients may call the API; section <c>Forwarder:Access:Oidc</c>.</summary>
internal sealed class OidcOptions
{
    public const string Section = "Forwarder:Access:Oidc";

    /// <summary>URL of the realm as in its tokens (<c>iss</c>), such as https://sso.example.com/realms/acme; without it only API keys are
    /// accepted.</summary>
    public string? Authority { get; set; }

    /// <summary>URL of the realm's <c>.well-known/openid-configuration</c>, if the service reaches the realm under another URL than its callers.</summary>
    public string? MetadataUrl { get; set; }

    /// <summary>Value that <c>aud</c> of a token must contain; default: the client id.</summary>
    public string? Audience { get; set; }

    /// <summary>Client for sign-in and token introspection; without it, neither is available.</summary>
    public string? ClientId { get; set; }

    /// <summary>Secret of that client.</summary>
    public Secret? ClientSecret { get; internal set; }

    /// <summary>File that holds the client secret.</summary>
    public string? ClientSecretFile { get; set; }

    /// <summary>Whether the realm must use TLS; set false only to try out a realm over HTTP.</summary>
    public bool RequireHttps { get; set; } = true;

    /// <summary>Claim paths that contain role names; if empty, realm roles, the client's roles and groups.</summary>
    public IList<string> RoleClaims { get; set; } = [];

    /// <summary>Token role names that grant a role of this service; a role not listed is granted by its own name. A change through the API replaces
    /// both.</summary>
    public IDictionary<string, string[]> Roles { get; set; } = new Dictionary<string, string[]>();

    /// <summary>Whether each token is checked with the realm, so that revoking it takes effect within seconds.</summary>
    public bool Introspection { get; set; }

    /// <summary>How long an introspection result is cached.</summary>
    public TimeSpan IntrospectionCache { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a sign-in lasts; its roles stay the same until then.</summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(1);

    public bool IsOn => !string.IsNullOrWhiteSpace(Authority);

    public bool SignsIn => IsOn && !string.IsNullOrWhiteSpace(ClientId);

    public string ValidAudience => string.IsNullOrWhiteSpace(Audience) ? ClientId ?? "" : Audience;

    public IReadOnlyList<string> ClaimPaths =>
        RoleClaims.Count > 0 ? [.. RoleClaims] : ["realm_access.roles", $"resource_access.{ValidAudience}.roles", "groups"];

    /// <summary>The secret of the client, from wherever it is configured; null if there is none.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public Secret? ReadClientSecret() =>
        !string.IsNullOrWhiteSpace(ClientSecretFile) ? new Secret(File.ReadAllText(ClientSecretFile).Trim()) : ClientSecret;

    /// <summary>Reads the settings, with secrets in their own type.</summary>
    public static OidcOptions Read(IConfiguration configuration)
    {
        var options = new OidcOptions();
        Bind(options, configuration);
        return options;
    }

    public static void Bind(OidcOptions options, IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        section.Bind(options);
        options.ClientSecret = section[nameof(ClientSecret)] is { Length: > 0 } secret ? new Secret(secret) : null;
    }
}

/// <summary>Validates the realm settings at startup; each error names its setting.</summary>
internal sealed class OidcOptionsRules : IValidateOptions<OidcOptions>
{
    public ValidateOptionsResult Validate(string? name, OidcOptions options)
    {
        List<string> faults = [.. Faults(options).Select(fault => $"{OidcOptions.Section}:{fault}")];
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static IEnumerable<string> Faults(OidcOptions options)
    {
        if (!options.IsOn)
        {
            if (options.ClientId is not null || options.Audience is not null || options.Introspection)
            {
                yield return "Authority must be set together with the others: the URL of the realm, such as https://sso.example.com/realms/acme.";
            }

            yield break;
        }

        if (!Uri.TryCreate(options.Authority, UriKind.Absolute, out var authority) || authority.Scheme is not ("http" or "https"))
        {
            yield return "Authority must be the URL of the realm, such as https://sso.example.com/realms/acme.";
        }
        else if (authority.Scheme == "http" && options.RequireHttps)
        {
            yield return "Authority must start with https://; to try a realm over http, set Forwarder:Access:Oidc:RequireHttps=false.";
        }

        if (options.ValidAudience.Length == 0)
        {
            yield return "Audience must be set (or ClientId): the value that aud of the tokens for this service contains.";
        }

        if (options.Introspection && string.IsNullOrWhiteSpace(options.ClientId))
        {
            yield return "ClientId must be set: introspection needs a client of its own.";
        }

        if (options.IntrospectionCache < TimeSpan.Zero || options.IntrospectionCache > TimeSpan.FromMinutes(1))
        {
            yield return "IntrospectionCache must be from 00:00:00 to 00:01:00.";
        }

        if (options.SessionLifetime < TimeSpan.FromMinutes(1) || options.SessionLifetime > TimeSpan.FromDays(1))
        {
            yield return "SessionLifetime must be from 00:01:00 to 1.00:00:00.";
        }

        foreach (var role in options.Roles.Keys.Where(role => !RealmCaller.Granted.Contains(role)))
        {
            yield return $"Roles:{role} is not a role that a realm can grant; use {string.Join(", ", RealmCaller.Granted)}.";
        }

        if (FindSecretFault(options) is { } fault)
        {
            yield return fault;
        }
    }

    private static string? FindSecretFault(OidcOptions options)
    {
        try
        {
            return !string.IsNullOrWhiteSpace(options.ClientId) && string.IsNullOrEmpty(options.ReadClientSecret()?.Reveal())
                ? "ClientSecret (or ClientSecretFile) must be set: the client is confidential."
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"ClientSecretFile cannot be read ({exception.Message}).";
        }
    }
}
