using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http.Sentinel;

/// <summary>What only the Logs Ingestion API has.</summary>
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
            "As whom to ask for tokens: an app registration with a secret, the managed identity of the engine's machine, or the workload identity of its "
                + "pod.") { Default = "clientSecret", Choices = ["clientSecret", "managedIdentity", "workloadIdentity"] },
        new("settings.tenantId", DestinationFieldType.Text,
            "Directory (tenant) id; required with clientSecret, AZURE_TENANT_ID of the pod with workloadIdentity.") { LeadsSecrets = true },
        new("settings.clientId", DestinationFieldType.Text,
            "Application (client) id; required with clientSecret, of a user-assigned identity with managedIdentity, AZURE_CLIENT_ID of the pod with "
                + "workloadIdentity.") { LeadsSecrets = true },
        new("settings.clientSecret", DestinationFieldType.Text, "Client secret of the app registration; required with clientSecret.") { Secret = true },
        new("settings.ruleId", DestinationFieldType.Text, "Immutable id of the data collection rule: dcr- and 32 digits.") { Required = true },
        new("settings.stream", DestinationFieldType.Text, "Stream that the rule declares.") { Default = UsualStream },
        new("settings.payload", DestinationFieldType.Choice,
            "Rows with the columns of the documentation, or each event as it was formatted.") { Default = "columns", Choices = ["columns", "formatted"] },
        new("settings.cloud", DestinationFieldType.Choice, "Cloud that the workspace is in; chooses authority and scope.") { Default = "public",
            Choices = ["public", "usGovernment", "china"], LeadsSecrets = true },
        new("settings.authority", DestinationFieldType.Url, "Where tokens are asked for, where it is not that of the cloud."),
        new("settings.scope", DestinationFieldType.Text, "Scope of the token, where it is not that of the cloud; only with clientSecret.")
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

        var ruleId = reader.Required("ruleId", "Give the immutable id of the data collection rule, which begins with dcr-.");
        if (ruleId.Length > 0 && !ruleId.StartsWith("dcr-", StringComparison.Ordinal))
        {
            reader.Fault("ruleId", "Must be the immutable id, which begins with dcr-, not the name or the resource id of the rule.");
        }

        var credential = Enum.Parse<SentinelCredential>(
            reader.Choice("credential", "clientSecret", "clientSecret", "managedIdentity", "workloadIdentity"), ignoreCase: true);
        if (credential != SentinelCredential.ClientSecret && reader.Text("scope") is { } scope && scope != usualScope)
        {
            // Else a token for any service of the cloud that trusts this machine could be had.
            reader.Fault("scope", $"The identity of a machine or pod gets tokens for {usualScope} alone: leave the scope out, or choose settings.cloud.");
        }

        string Text(string name, string sentence) => credential == SentinelCredential.ClientSecret ? reader.Required(name, sentence) : reader.Text(name) ?? "";
        var settings = new SentinelSettings(
            credential,
            Text("tenantId", "Give the directory (tenant) id."),
            Text("clientId", "Give the application (client) id."),
            new Secret(Text("clientSecret", "Give a client secret of the application, or choose another settings.credential.")),
            ruleId,
            reader.Text("stream") ?? UsualStream,
            reader.Choice("payload", "columns", "columns", "formatted") == "formatted",
            authority!,
            credential == SentinelCredential.ClientSecret ? reader.Text("scope") ?? usualScope : usualScope,
            []);
        return settings with { Faults = reader.Faults };
    }

    /// <summary>The faults of the settings, and those by which somebody else could be shown the identity of this machine.</summary>
    /// <remarks>
    /// Who may write an integration must not get at the tokens of the machine that it runs on: by naming a host or an authority of their own, or by a proxy and
    /// certificates that pass it off as Azure.
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
                "serverUrl", $"A {name} identity is only shown to Azure: https:// and a host that ends in .ingest.monitor.azure.com, .us or .cn."));
        }

        if (asksAuthority && !IsHere(Authority)
            && !Clouds.Values.Any(cloud => new Uri(cloud.Authority).Host == Authority.Host && Authority.Scheme == Uri.UriSchemeHttps))
        {
            faults.Add(new SettingFault(
                "settings.authority", "A workload identity is only shown to Entra ID: choose settings.cloud and leave the authority out."));
        }

        if ((settings.Tls.CaCertificate ?? settings.Tls.Fingerprint ?? settings.Tls.ServerName) is not null
            && !(IsHere(settings.ServerUrl) && (!asksAuthority || IsHere(Authority))))
        {
            faults.Add(new SettingFault(
                "tls", $"With a {name} identity the authorities of this machine count alone: leave out caCertificate, fingerprint and serverName."));
        }

        return faults;
    }

    public string PathOf(Uri serverUrl) =>
        $"{serverUrl.AbsolutePath.TrimEnd('/')}/dataCollectionRules/{Uri.EscapeDataString(RuleId)}"
            + $"/streams/{Uri.EscapeDataString(Stream)}?api-version=2023-01-01";

    private static bool IsAzure(Uri serverUrl) =>
        serverUrl.Scheme == Uri.UriSchemeHttps && IngestionHosts.Any(host => serverUrl.IdnHost.EndsWith(host, StringComparison.OrdinalIgnoreCase));
}

/// <summary>As whom the forwarder asks Entra ID for a token.</summary>
internal enum SentinelCredential
{
    /// <summary>An app registration with a secret.</summary>
    ClientSecret,

    /// <summary>The identity of the virtual machine, container app or other Azure resource that the engine runs on.</summary>
    ManagedIdentity,

    /// <summary>The identity that Entra ID grants to a Kubernetes service account.</summary>
    WorkloadIdentity,
}
