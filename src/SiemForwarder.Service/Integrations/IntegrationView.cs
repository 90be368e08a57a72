using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>Shows a stored integration as the API does: every default filled in, secrets only by whether they are set.</summary>
internal static class IntegrationView
{
    public static IntegrationResponse Of(
        Integration integration, IReadOnlyCollection<string> secretNames, IntegrationSummary status, IReadOnlyList<string>? warnings = null)
    {
        var definition = IntegrationDefinition.Read(integration.Definition, out var fault) ?? IntegrationDefinition.ReadKnown(integration.Definition);
        IReadOnlyList<string> all = [.. fault is null ? [] : new[] { fault }, .. warnings ?? []];
        return new IntegrationResponse(
            integration.Id,
            integration.Name,
            integration.Description,
            integration.Enabled,
            integration.EnginePool,
            integration.Preset,
            integration.Destination,
            integration.ServerUrl,
            definition.Protocol,
            definition.Port,
            ApiEnumNames.NameOf(ApiEnumNames.OutputTypes, definition.OutputType),
            definition.Schema,
            new SyslogContract(
                ApiEnumNames.NameOf(ApiEnumNames.SyslogFormats, definition.SyslogFormat),
                ApiEnumNames.NameOf(ApiEnumNames.Framings, definition.Framing),
                definition.Facility,
                definition.AppName,
                definition.Hostname,
                definition.MaxMessageBytes,
                definition.EnterpriseNumber,
                ApiEnumNames.NameOf(ApiEnumNames.InvisibleCharacters, definition.InvisibleCharacters)),
            new HttpContract(ApiEnumNames.NameOf(ApiEnumNames.Bodies, definition.Body), definition.Gzip, definition.TimeoutSeconds, definition.Proxy),
            new BatchContract(definition.BatchMaxEvents, definition.BatchMaxBytes),
            new AuthenticationResponse(
                ApiEnumNames.NameOf(ApiEnumNames.AuthenticationTypes, definition.Authentication),
                definition.Username,
                secretNames.Contains(SecretName.Password),
                secretNames.Contains(SecretName.Header),
                secretNames.Contains(SecretName.Token)),
            new TlsResponse(
                definition.CaCertificate, definition.ClientCertificate, secretNames.Contains(SecretName.ClientKey), definition.ServerName,
                definition.Fingerprint),
            definition.Sources,
            new FilterContract(Match(definition.Filter.Include), Match(definition.Filter.Exclude)),
            DestinationOwnSettings.Show(definition.Settings, integration.Destination, secretNames),
            integration.Version,
            integration.CreatedAt,
            integration.UpdatedAt,
            status,
            definition.IncludeRepresentation,
            integration.PausedAt,
            PrivacySettings.Show(definition.Privacy),
            definition.PrivacyKeyId,
            secretNames.Contains(SecretName.PrivacyKey),
            all.Count == 0 ? null : all,
            definition.SecretReferences);
    }

    private static MatchContract? Match(Events.EventMatch? match) => match is null ? null : new MatchContract(
        match.Types, match.Categories, match.Outcomes, match.MinimumSeverity, match.Clients, match.Users);
}
