using System.Buffers;
using System.Globalization;
using SiemForwarder.Connections;
using SiemForwarder.Connections.Network;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Service.Sources;

/// <summary>A source that passed the rules, ready to be stored.</summary>
internal sealed record ValidSource(string Name, string Kind, bool Enabled, SourceDefinition Definition, IReadOnlyDictionary<string, Secret> Secrets,
    string? ManagedBy = null);

/// <summary>Checks a request and fills in defaults; adds every error by field.</summary>
internal static class SourceRules
{
    private static readonly SearchValues<char> Separators = SearchValues.Create("/\\");
    private static readonly Dictionary<string, string> Streams = new() { ["user"] = "user", ["admin"] = "admin" };

    private static readonly Dictionary<string, string> Kinds = new()
    {
        [SourceDefinition.KeycloakKind] = SourceDefinition.KeycloakKind, [SourceDefinition.HttpKind] = SourceDefinition.HttpKind,
    };

    /// <summary>Converts a request to a source; null if anything is wrong.</summary>
    /// <param name="request">The request.</param>
    /// <param name="stored">Current secrets; kept if the request omits them.</param>
    /// <param name="errors">Receives the errors.</param>
    /// <param name="storedKind">Kind of the changed source; null for a new one.</param>
    /// <param name="storedRealm">The realm it currently polls; null if none.</param>
    /// <param name="references">Reads externally stored secrets; null if not supported.</param>
    public static ValidSource? Validate(
        SourceRequest request, IReadOnlyDictionary<string, Secret> stored, FieldErrors errors, string? storedKind = null,
        KeycloakDefinition? storedRealm = null, SecretReferences? references = null)
    {
        if (string.IsNullOrWhiteSpace(request.Name))
        {
            errors.Add("name", "Give the source a name that distinguishes it from the others.");
        }

        errors.AtMost("name", request.Name, 100);
        errors.OneLine("name", request.Name);
        var kind = errors.Choose("kind", request.Kind, storedKind ?? SourceDefinition.KeycloakKind, Kinds);
        if (storedKind is not null && kind != storedKind)
        {
            errors.Add("kind", $"Is {storedKind} and cannot be changed; create another source.");
        }

        var secrets = new Dictionary<string, Secret>();
        var keycloak = kind == SourceDefinition.KeycloakKind
            ? Keycloak(request.Keycloak ?? new KeycloakRequest(), stored, references, storedRealm, secrets, errors)
            : null;
        if (kind == SourceDefinition.HttpKind && request.Keycloak is not null)
        {
            errors.Add("keycloak", "A source of kind http polls no realm; omit it, or use the kind keycloak, which also accepts pushed events.");
        }

        var inbox = kind == SourceDefinition.HttpKind || request.Inbox is not null
            ? InboxRules.Validate(request.Inbox ?? new InboxRequest(), stored, references, secrets, errors)
            : null;
        SecretRules.Settle(secrets, references, errors);
        var definition = new SourceDefinition(keycloak, inbox) { SecretReferences = SecretReferences.Of(secrets) };
        return errors.Any ? null : new ValidSource(request.Name!.Trim(), kind, request.Enabled ?? true, definition, secrets, request.ManagedBy);
    }

    /// <summary>Checks whether the connections of a source are allowed.</summary>
    public static async Task CheckEgressAsync(ValidSource valid, EgressPolicy egress, FieldErrors errors, CancellationToken cancellationToken)
    {
        await EgressRules.CheckAsync(egress, "keycloak.baseUrl", valid.Definition.Keycloak?.BaseUrl, errors, cancellationToken);
        await EgressRules.CheckAsync(egress, "keycloak.proxy", valid.Definition.Keycloak?.Proxy, errors, cancellationToken);
    }

    private static KeycloakDefinition Keycloak(
        KeycloakRequest keycloak, IReadOnlyDictionary<string, Secret> stored, SecretReferences? references, KeycloakDefinition? storedRealm,
        Dictionary<string, Secret> secrets, FieldErrors errors)
    {
        errors.NoneEmpty("keycloak.streams", keycloak.Streams);
        var definition = new KeycloakDefinition(
            BaseUrl(keycloak.BaseUrl, errors),
            Required("keycloak.realm", keycloak.Realm, "Give the name of the realm as it appears in the URL of Keycloak's console.", errors),
            Required("keycloak.clientId", keycloak.ClientId, "Give the id of the client whose service account has the role view-events.", errors),
            [.. (keycloak.Streams ?? ["user", "admin"]).Select(stream => errors.Choose("keycloak.streams", stream, "user", Streams)).Distinct()],
            errors.Between("keycloak.pollIntervalSeconds", keycloak.PollIntervalSeconds, 1, 3600, 5),
            Start(keycloak.Start, errors),
            ConnectionRules.Pem("keycloak.caCertificate", keycloak.CaCertificate, errors),
            keycloak.AllowDuplicate ?? false,
            ConnectionRules.Proxy("keycloak.proxy", keycloak.Proxy, errors),
            ConnectionRules.Fingerprint("keycloak.fingerprint", keycloak.Fingerprint, errors));
        var credential = new CredentialRules(keycloak, stored, references, secrets, errors);
        definition = credential.AddTo(definition);
        if (definition.Fingerprint is not null && definition.BaseUrl.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        {
            errors.Add("keycloak.fingerprint", "http has no certificate; use https, or omit it.");
        }

        if (definition.Realm is "." or ".." || definition.Realm.AsSpan().ContainsAny(Separators))
        {
            errors.Add(
                "keycloak.realm", "Is not a valid realm name: it would lead to another path of the server. Give it as it appears in the URL of the console.");
        }

        foreach (var name in CredentialRules.Ways.Values.Where(name => credential.LeavesOut(name) && storedRealm?.LeadsTo(definition) == false))
        {
            errors.Add(name, "The address changed, so give the secret again.");
        }

        if (definition.Streams.Count == 0)
        {
            errors.Add("keycloak.streams", "Name at least one of: user, admin.");
        }

        return definition;
    }

    private static string BaseUrl(string? text, FieldErrors errors)
    {
        if (Uri.TryCreate(text?.Trim(), UriKind.Absolute, out var page) && PageOf(page) is { } hint)
        {
            errors.Add("keycloak.baseUrl", hint);
            return string.Empty;
        }

        if (!Uri.TryCreate(text?.Trim(), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Query.Length > 0
            || url.Fragment.Length > 0)
        {
            errors.Add("keycloak.baseUrl", "Must be the http or https URL of the server, such as https://sso.example.com or https://sso.example.com/auth.");
            return string.Empty;
        }

        if (url.UserInfo.Length > 0)
        {
            errors.Add("keycloak.baseUrl", "Must not contain a user name or password; put the client's secret into keycloak.clientSecret.");
        }

        if (EgressPolicy.Usual.Judge(new Connections.Endpoint(url.IdnHost, url.Port)) is { } never)
        {
            errors.Add("keycloak.baseUrl", $"{never.What} {never.Advice}");
        }

        return url.GetLeftPart(UriPartial.Path).TrimEnd('/');
    }

    /// <summary>What to give instead of the address of a realm page or the admin console; null if it is not such an address.</summary>
    private static string? PageOf(Uri url)
    {
        var path = url.AbsolutePath + "/";
        var (admin, page) = (path.IndexOf("/admin/", StringComparison.Ordinal), path.IndexOf("/realms/", StringComparison.Ordinal));
        var end = admin < 0 || (page >= 0 && page < admin) ? page : admin;
        if (url.Scheme is not ("http" or "https") || end < 0)
        {
            return null;
        }

        var root = url.GetLeftPart(UriPartial.Authority) + path[..end];
        var isConsole = path[end..].StartsWith("/admin/", StringComparison.Ordinal);
        var rest = isConsole ? url.Fragment.TrimStart('#', '/') : path[(end + "/realms/".Length)..];
        var realm = OneLine.Of(Uri.UnescapeDataString(rest.Split('/', '?')[0]), 100);
        return $"This is the address of {(isConsole ? "the admin console" : "a realm")}: give {root} as keycloak.baseUrl"
            + (realm.Length == 0 ? ", and the name of the realm as keycloak.realm." : $", and {realm} as keycloak.realm.");
    }

    private static string Required(string field, string? text, string sentence, FieldErrors errors)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            errors.Add(field, sentence);
        }

        errors.AtMost(field, text, 255);
        errors.OneLine(field, text?.Trim());
        return text?.Trim() ?? string.Empty;
    }

    private static string Start(string? text, FieldErrors errors)
    {
        var trimmed = text?.Trim() ?? "now";
        if (trimmed.ToLowerInvariant() is "now" or "everything")
        {
            return trimmed.ToLowerInvariant();
        }

        if (DateTimeOffset.TryParse(trimmed, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant))
        {
            return instant.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);
        }

        errors.Add("keycloak.start", "Must be now, everything, or an instant such as 2026-01-31T00:00:00Z.");
        return "now";
    }
}
