using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Integrations;

/// <summary>Shows a stored integration as the API does: every default filled in, secrets only by whether they are set.</summary>
internal static class IntegrationView
{
    public static IntegrationResponse Of(
        Integration integration, IReadOnlyCollection<string> secretNames, IntegrationSummary status, IReadOnlyList<string>? warnings = null)
    {
        var settings = IntegrationSettings.Read(integration.Definition, out var fault) ?? IntegrationSettings.ReadKnown(integration.Definition);
        IReadOnlyList<string> all = [.. fault is null ? [] : new[] { fault }, .. warnings ?? []];
        return new IntegrationResponse(integration, settings.WithSecrets(secretNames), status)
        {
            Settings = DestinationOwnSettings.Show(settings.Settings, integration.Destination, secretNames),
            PrivacyKeySet = secretNames.Contains(SecretName.PrivacyKey),
            Warnings = all.Count == 0 ? null : all,
        };
    }
}
