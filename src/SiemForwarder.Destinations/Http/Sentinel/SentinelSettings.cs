using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http.Sentinel;

/// <summary>Settings specific to the Logs Ingestion API.</summary>
internal sealed record SentinelSettings(
    SentinelCredential Credential, string TenantId, string ClientId, Secret ClientSecret, string RuleId, string Stream, bool AsFormatted, Uri Authority,
    string Scope,
    IReadOnlyList<SettingFault> Faults)
{
    private const string UsualStream = "Custom-KeycloakEvents_CL";

    private static readonly Dictionary<string, (string Authority, string Scope)> Clouds = new()
    {
        ["public"] = ("https://login.microsoftonline.com", "https://monitor.azure.com/.default"),
        ["usGovernment"] = ("https://login.microsoftonline.us", "https://monitor.azure.us/.default"),
        ["china"] = ("https://login.chinacloudapi.cn", "https://monitor.azure.cn/.default"),
    };

    private static readonly string[] IngestionHosts = [".ingest.monitor.azure.com", ".ingest.monitor.azure.us", ".ingest.monitor.azure.cn"];

    public static DestinationField[] Fields { get; } =
    [
        new("settings.credential", DestinationFieldType.Choice,
            "Identity used to request tokens: an app registration with a secret, the managed identity of the engine's machine, or the workload identity of its "
                + "pod.") { Default = "clientSecret", Choices = ["clientSecret", "managedIdentity", "workloadIdentity"] },
        new("settings.tenantId", DestinationFieldType.Text,
            "Directory (tenant) id; required with clientSecret; with workloadIdentity, default: the pod's AZURE_TENANT_ID.") { LeadsSecrets = true },
        new("settings.clientId", DestinationFieldType.Text,
            "Application (client) id; required with clientSecret; of a user-assigned identity with managedIdentity; default: the pod's AZURE_CLIENT_ID with "
                + "workloadIdentity.") { LeadsSecrets = true },
        new("settings.clientSecret", DestinationFieldType.Text, "Client secret of the app registration; required with clientSecret.") { Secret = true },
        new("settings.ruleId", DestinationFieldType.Text, "Immutable id of the data collection rule: dcr- and 32 digits.") { Required = true },
        new("settings.stream", DestinationFieldType.Text, "Stream declared by the rule.") { Default = UsualStream },
        new("settings.payload", DestinationFieldType.Choice,
            "Rows with the documented columns, or each event as formatted.") { Default = "columns", Choices = ["columns", "formatted"] },
        new("settings.cloud", DestinationFieldType.Choice, "Cloud of the workspace; determines authority and scope.") { Default = "public",
            Choices = ["public", "usGovernment", "china"], LeadsSecrets = true },
        new("settings.authority", DestinationFieldType.Url, "Where tokens are requested; default: the authority of the cloud."),
        new("settings.scope", DestinationFieldType.Text, "Scope of the token; default: that of the cloud. Only with clientSecret.")
        {
            LeadsSecrets = true,
        },
    ];

    public static SentinelSettings Read(SettingReader reader)
    {
        var (usualAuthority, usualScope) = Clouds[reader.Choice("cloud", "public", [.. Clouds.Keys])];
        var authority = new Uri(usualAuthority);
        if (reader.Text("authority") is { } text
            && (!Uri.TryCreate(text, UriKind.Absolute, out authority) || authority.Scheme is not ("https" or "http") || authority.UserInfo.Length > 0))
        {
            reader.Fault("authority", "Must be a URL such as https://login.microsoftonline.com, without a user name or password.");
            authority = new Uri(usualAuthority);
        }

        var ruleId = reader.Required("ruleId", "Set the immutable id of the data collection rule, which starts with dcr-.");
        if (ruleId.Length > 0 && !ruleId.StartsWith("dcr-", StringComparison.Ordinal))
        {
            reader.Fault("ruleId", "Must be the immutable id, which starts with dcr-, not the name or the resource id of the rule.");
        }

        var credential = Enum.Parse<SentinelCredential>(
            reader.Choice("credential", "clientSecret", "clientSecret", "managedIdentity", "workloadIdentity"), ignoreCase: true);
        if (credential != SentinelCredential.ClientSecret && reader.Text("scope") is { } scope && scope != usualScope)
        {
            // Otherwise a token for any service in the cloud that trusts this machine could be obtained.
            reader.Fault("scope", $"The identity of a machine or pod gets tokens only for {usualScope}: omit the scope, or choose settings.cloud.");
        }

        string Text(string name, string sentence) => credential == SentinelCredential.ClientSecret ? reader.Required(name, sentence) : reader.Text(name) ?? "";
        var settings = new SentinelSettings(
            credential,
            Text("tenantId", "Set the directory (tenant) id."),
            Text("clientId", "Set the application (client) id."),
            new Secret(Text("clientSecret", "Set a client secret of the application, or choose another settings.credential.")),
            ruleId,
            reader.Text("stream") ?? UsualStream,
            reader.Choice("payload", "columns", "columns", "formatted") == "formatted",
            authority!,
            credential == SentinelCredential.ClientSecret ? reader.Text("scope") ?? usualScope : usualScope,
            []);
        return settings with { Faults = reader.Faults };
    }

    /// <summary>The faults of the settings, including those that could expose this machine's identity to someone else.</summary>
    /// <remarks>
    /// Someone who may edit an integration must not gain access to the tokens of the machine it runs on: neither by naming their own host or authority, nor
    /// through a proxy and certificates that impersonate Azure.
    /// </remarks>
    public IReadOnlyList<SettingFault> FaultsAt(DestinationSettings settings)
    {
        if (Credential == SentinelCredential.ClientSecret)
        {
            return Faults;
        }

        var faults = new List<SettingFault>(Faults);
        var name = Credential == SentinelCredential.ManagedIdentity ? "managed" : "workload";
        var asksAuthority = Credential == SentinelCredential.WorkloadIdentity;
        bool IsHere(Uri url) => settings.ShowsIdentityToLoopback && url.IsLoopback && settings.Proxy is null;
        if (!IsHere(settings.ServerUrl) && !IsAzure(settings.ServerUrl))
        {
            faults.Add(new SettingFault(
                "serverUrl", $"A {name} identity is only sent to Azure: use https:// and a host that ends in .ingest.monitor.azure.com, .us or .cn."));
        }

        if (asksAuthority && !IsHere(Authority)
            && !Clouds.Values.Any(cloud => new Uri(cloud.Authority).Host == Authority.Host && Authority.Scheme == Uri.UriSchemeHttps))
        {
            faults.Add(new SettingFault(
                "settings.authority", "A workload identity is only sent to Entra ID: choose settings.cloud and omit the authority."));
        }

        if ((settings.Tls.CaCertificate ?? settings.Tls.Fingerprint ?? settings.Tls.ServerName) is not null
            && !(IsHere(settings.ServerUrl) && (!asksAuthority || IsHere(Authority))))
        {
            faults.Add(new SettingFault(
                "tls", $"With a {name} identity, only the authorities of this machine are trusted: omit caCertificate, fingerprint and serverName."));
        }

        return faults;
    }

    public string PathOf(Uri serverUrl) =>
        $"{serverUrl.AbsolutePath.TrimEnd('/')}/dataCollectionRules/{Uri.EscapeDataString(RuleId)}"
            + $"/streams/{Uri.EscapeDataString(Stream)}?api-version=2023-01-01";

    private static bool IsAzure(Uri serverUrl) =>
        serverUrl.Scheme == Uri.UriSchemeHttps && IngestionHosts.Any(host => serverUrl.IdnHost.EndsWith(host, StringComparison.OrdinalIgnoreCase));
}

/// <summary>The identity as which the forwarder requests a token from Entra ID.</summary>
internal enum SentinelCredential
{
    /// <summary>An app registration with a secret.</summary>
    ClientSecret,

    /// <summary>The identity of the virtual machine, container app or other Azure resource that the engine runs on.</summary>
    ManagedIdentity,

    /// <summary>The identity that Entra ID grants to a Kubernetes service account.</summary>
    WorkloadIdentity,
}
