using System.Text.Json;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>Where an integration's secrets are sent; changing that requires knowing the secrets.</summary>
/// <remarks>Otherwise anyone who may change an integration, but cannot see its secrets, could have them sent to a host of their choice.</remarks>
internal sealed class AddressOfSecrets
{
    private const string Settings = "settings.";
    private const string AddressChanged = "The address changed, so give the secret again; an empty string removes it.";

    private readonly SortedDictionary<string, string> parts = new(StringComparer.Ordinal);

    private AddressOfSecrets(DestinationKind kind, Uri url, IntegrationSettings settings)
    {
        parts["destination"] = kind.Id;
        parts["serverUrl"] = $"{settings.Protocol}://{url.IdnHost.ToLowerInvariant()}:{settings.Port}";
        parts["http.proxy"] = Url(settings.Http.Proxy);
        parts["tls.caCertificate"] = settings.Tls.CaCertificate ?? "";
        parts["tls.fingerprint"] = settings.Tls.Fingerprint ?? "";
        parts["tls.serverName"] = (settings.Tls.ServerName ?? url.IdnHost).ToLowerInvariant();
        foreach (var field in kind.Fields.Where(field => field.LeadsSecrets && field.Name.StartsWith(Settings, StringComparison.Ordinal)))
        {
            var given = settings.Settings is { ValueKind: JsonValueKind.Object } own && own.TryGetProperty(field.Name[Settings.Length..], out var value)
                ? value.ToString().Trim()
                : "";
            given = given.Length == 0 ? field.Default ?? "" : given;
            parts[field.Name] = field.Type == DestinationFieldType.Url ? Url(given) : given;
        }
    }

    /// <summary>Adds an error for every stored secret that a request omits although it changes where the secrets are sent.</summary>
    /// <param name="stored">The current integration; null for a new one.</param>
    /// <param name="request">The request.</param>
    /// <param name="kind">The resulting kind of destination.</param>
    /// <param name="url">Its server.</param>
    /// <param name="settings">The resulting settings.</param>
    /// <param name="secrets">Names of the resulting secrets.</param>
    /// <param name="errors">Receives the errors.</param>
    public static void Check(
        Integration? stored, IntegrationRequest request, DestinationKind kind, Uri url, IntegrationSettings settings, IEnumerable<string> secrets,
        FieldErrors errors)
    {
        // The key for hashes is exempt: it never leaves the service.
        var leftOut = secrets.Where(name => name != SecretName.PrivacyKey && !IsGiven(request, name)).Order(StringComparer.Ordinal).ToList();
        if (stored is null || leftOut.Count == 0 || !HasMoved(stored, new AddressOfSecrets(kind, url, settings)))
        {
            return;
        }

        foreach (var name in leftOut)
        {
            errors.Add(name, AddressChanged);
        }
    }

    private static bool HasMoved(Integration stored, AddressOfSecrets now) =>
        DestinationCatalog.Find(stored.Destination) is not { } kind || !Uri.TryCreate(stored.ServerUrl, UriKind.Absolute, out var url)
            || !new AddressOfSecrets(kind, url, IntegrationSettings.ReadKnown(stored.Definition)).parts.SequenceEqual(now.parts);

    private static bool IsGiven(IntegrationRequest request, string name) => name switch
    {
        SecretName.Password => request.Authentication?.Password is not null,
        SecretName.Header => request.Authentication?.Header is not null,
        SecretName.Token => request.Authentication?.Token is not null,
        SecretName.ClientKey => request.Tls?.ClientKey is not null,
        _ => request.Settings is { ValueKind: JsonValueKind.Object } own && own.TryGetProperty(name[Settings.Length..], out var value)
            && value.ValueKind != JsonValueKind.Null,
    };

    private static string Url(string? text) => Uri.TryCreate(text, UriKind.Absolute, out var url) ? url.AbsoluteUri : text ?? "";
}
