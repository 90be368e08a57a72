using System.Text.Json;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Api;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>Where an integration's secrets were meant to go; somebody who changes that has to know them.</summary>
/// <remarks>Else whoever may change an integration but never sees its secrets would have them sent to a host of his own.</remarks>
internal sealed class AddressOfSecrets
{
    private const string Settings = "settings.";
    private const string AddressChanged = "The address changed, so give the secret again; an empty text removes it.";

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

    /// <summary>Notes a fault for every stored secret that a request leaves out though it changes where they go.</summary>
    /// <param name="stored">The integration as it is; null where it is new.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="kind">Kind of destination that follows from it.</param>
    /// <param name="url">Its server.</param>
    /// <param name="settings">The settings that follow from it.</param>
    /// <param name="secrets">Names of the secrets that it would have.</param>
    /// <param name="errors">Takes the faults.</param>
    public static void Check(
        Integration? stored, IntegrationRequest request, DestinationKind kind, Uri url, IntegrationSettings settings, IEnumerable<string> secrets,
        FieldErrors errors)
    {
        // The key of hashes stays: it never leaves the service.
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
