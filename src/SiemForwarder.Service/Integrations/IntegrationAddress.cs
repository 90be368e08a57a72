using System.Text.Json;
using SiemForwarder.Connections.Network;
using SiemForwarder.Destinations;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Service.Integrations;

/// <summary>The address of an integration: the URL, the kind of destination it implies, and the port.</summary>
internal static class IntegrationAddress
{
    public static Uri? ParseUrl(IntegrationRequest request, FieldErrors errors)
    {
        if (!Uri.TryCreate(request.ServerUrl?.Trim(), UriKind.Absolute, out var url) || !ApiEnumNames.DefaultPorts.ContainsKey(url.Scheme))
        {
            errors.Add("serverUrl", "Must be a URL such as tcp://siem.example.com:514, tls://…, udp://…, https://siem.example.com/path or http://….");
            return null;
        }

        if (url.UserInfo.Length > 0)
        {
            errors.Add("serverUrl",
                "Must not contain a user name or password because it is displayed; put them into authentication.username and authentication.password.");
        }

        return url;
    }

    /// <summary>Checks the URL by the rules of its kind.</summary>
    public static void Check(IntegrationRequest request, Uri? url, DestinationKind? kind, string? localFolder, FieldErrors errors)
    {
        if (kind is null || url is null)
        {
            return;
        }

        if (kind.CheckServerUrl is { } check)
        {
            if (check(url) is { } sentence)
            {
                errors.Add("serverUrl", sentence);
            }
        }
        else if (url.Host.Length == 0)
        {
            errors.Add("serverUrl", $"Must name a host: {url.Scheme}://siem.example.com.");
        }
        else if (url.Scheme is not ("http" or "https") && url.PathAndQuery.Trim('/').Length > 0)
        {
            errors.Add("serverUrl", $"A {url.Scheme} address has no path; remove '{url.PathAndQuery}'.");
        }

        if (kind.DefaultPorts.GetValueOrDefault(url.Scheme, 1) == 0 && request.Port is > 0)
        {
            errors.Add("port", $"{kind.Id} has no port; omit it.");
        }

        if (kind.NeedsLocalFolder && string.IsNullOrWhiteSpace(localFolder))
        {
            errors.Add("destination",
                $"{kind.Id} writes to the engine's machine, but no folder is configured for that (Forwarder__FileDestination__Folder).");
        }
    }

    /// <summary>Checks whether the connections of an integration are allowed: to its server, its proxy, and any other URL in its settings.</summary>
    public static async Task CheckEgressAsync(ValidIntegration valid, EgressPolicy egress, FieldErrors errors, CancellationToken cancellationToken)
    {
        const string Settings = "settings.";
        var (url, settings) = (valid.ServerUrl, valid.Settings);
        if (url.Host.Length > 0)
        {
            await EgressRules.CheckAsync(egress, "serverUrl", new Connections.Endpoint(url.IdnHost, settings.Port), errors, cancellationToken);
        }

        await EgressRules.CheckAsync(egress, "http.proxy", settings.Http.Proxy, errors, cancellationToken);
        var own = settings.Settings is { ValueKind: JsonValueKind.Object } given ? given : JsonSerializer.SerializeToElement(new object());
        var urls = valid.Kind.Fields.Where(field => field.Type == DestinationFieldType.Url && field.Name.StartsWith(Settings, StringComparison.Ordinal));
        foreach (var field in urls)
        {
            var other = own.TryGetProperty(field.Name[Settings.Length..], out var value) ? value.ToString().Trim() : null;
            await EgressRules.CheckAsync(egress, field.Name, other, errors, cancellationToken);
        }
    }

    /// <summary>The port given in a request. GET returns 0 for none, which may be sent back.</summary>
    public static int? PortGiven(IntegrationRequest request, Uri? url) =>
        url is { IsFile: true } ? null : request.Port ?? (url is null || url.Port <= 0 ? null : url.Port);

    /// <summary>The URL of a proxy; null if none is given.</summary>
    public static string? Proxy(string? given, string protocol, FieldErrors errors)
    {
        var url = ConnectionRules.Proxy("http.proxy", given, errors);
        if (url is not null && !errors.ByField.ContainsKey("http.proxy") && protocol is not ("http" or "https"))
        {
            errors.Add("http.proxy", $"{protocol} does not support an HTTP proxy; omit it.");
        }

        return url;
    }

    public static DestinationKind? FindKind(IntegrationRequest request, string protocol, FieldErrors errors)
    {
        var id = request.Destination ?? DestinationCatalog.FindByScheme(protocol)?.Id ?? protocol;
        var kind = DestinationCatalog.Find(id);
        if (kind is null)
        {
            errors.Add("destination", $"'{id}' is not a known value; use one of: {string.Join(", ", DestinationCatalog.All.Select(one => one.Id).Order())}.");
        }
        else if (!kind.Schemes.Contains(protocol))
        {
            errors.Add("destination", $"{kind.Id} takes {string.Join(", ", kind.Schemes)}, not {protocol}.");
        }

        return kind;
    }
}
