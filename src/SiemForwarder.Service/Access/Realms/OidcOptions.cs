using Microsoft.Extensions.Options;
using SiemForwarder.Connections;

namespace SiemForwarder.Service.Access.Realms;

/// <summary>The realm whose people and programs may call; section <c>Forwarder:Access:Oidc</c>.</summary>
internal sealed class OidcOptions
{
    public const string Section = "Forwarder:Access:Oidc";

    /// <summary>URL of the realm as its tokens name it (<c>iss</c>), such as https://sso.example.com/realms/acme; without it no realm is asked.</summary>
    public string? Authority { get; set; }

    /// <summary>Where the realm describes itself, if not under its own URL: behind a proxy the service may reach it by another name.</summary>
    public string? MetadataUrl { get; set; }

    /// <summary>What <c>aud</c> of a token must hold; the client id where absent.</summary>
    public string? Audience { get; set; }

    /// <summary>The client by which people sign in and tokens are introspected; without it neither is done.</summary>
    public string? ClientId { get; set; }

    /// <summary>The secret of that client.</summary>
    public Secret? ClientSecret { get; internal set; }

    /// <summary>File that holds the secret instead.</summary>
    public string? ClientSecretFile { get; set; }

    /// <summary>Whether the realm must be asked over TLS; false for a realm on this machine, to try it out.</summary>
    public bool RequireHttps { get; set; } = true;

    /// <summary>Where in a token the names stand that roles are made of; realm roles, roles of the client and groups where empty.</summary>
    public IList<string> RoleClaims { get; set; } = [];

    /// <summary>By role of this service, the names in the token that give it; a role that is not listed is given by its own name.</summary>
    public IDictionary<string, string[]> Roles { get; set; } = new Dictionary<string, string[]>();

    /// <summary>Whether the realm is asked if a token still counts, so that one that was revoked ends within seconds.</summary>
    public bool Introspection { get; set; }

    /// <summary>How long an answer to that is kept.</summary>
    public TimeSpan IntrospectionCache { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a person is signed in; roles are those of the sign-in until then.</summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(1);

    public bool IsOn => !string.IsNullOrWhiteSpace(Authority);

    public bool SignsIn => IsOn && !string.IsNullOrWhiteSpace(ClientId);

    public string ValidAudience => string.IsNullOrWhiteSpace(Audience) ? ClientId ?? "" : Audience;

    public IReadOnlyList<string> ClaimPaths =>
        RoleClaims.Count > 0 ? [.. RoleClaims] : ["realm_access.roles", $"resource_access.{ValidAudience}.roles", "groups"];

    /// <summary>The secret of the client, from wherever it is given; null where there is none.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public Secret? ReadClientSecret() =>
        !string.IsNullOrWhiteSpace(ClientSecretFile) ? new Secret(File.ReadAllText(ClientSecretFile).Trim()) : ClientSecret;

    /// <summary>From the settings, secrets in their own type.</summary>
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

/// <summary>Judges the settings of the realm at the start, each fault with the name of its setting.</summary>
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
                yield return "Authority must be set with the others: the URL of the realm, such as https://sso.example.com/realms/acme.";
            }

            yield break;
        }

        if (!Uri.TryCreate(options.Authority, UriKind.Absolute, out var authority) || authority.Scheme is not ("http" or "https"))
        {
            yield return "Authority must be the URL of the realm, such as https://sso.example.com/realms/acme.";
        }
        else if (authority.Scheme == "http" && options.RequireHttps)
        {
            yield return "Authority must begin with https://; to try a realm over http, set Forwarder:Access:Oidc:RequireHttps=false.";
        }

        if (options.ValidAudience.Length == 0)
        {
            yield return "Audience must be set (or ClientId): what the tokens for this service hold in aud.";
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
            yield return $"Roles:{role} is no role that a realm gives; there are {string.Join(", ", RealmCaller.Granted)}.";
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
