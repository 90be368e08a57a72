using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http.Webhook;

/// <summary>What only the webhook has.</summary>
internal sealed record WebhookSettings(IReadOnlyList<Secret> SigningSecrets, IReadOnlyList<SettingFault> Faults)
{
    public static DestinationField[] Fields { get; } =
    [
        new("settings.signingSecret", DestinationFieldType.Text,
            "Signs every request as Standard Webhooks says: whsec_ and Base64; two with a space between while one replaces the other.") { Secret = true },
    ];

    public static WebhookSettings Read(SettingReader reader)
    {
        var texts = reader.Text("signingSecret")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (!texts.All(WebhookSignature.IsSecret))
        {
            reader.Fault("signingSecret", "Must be whsec_ and the Base64 of 24 to 64 random bytes.");
        }

        return new WebhookSettings([.. texts.Where(WebhookSignature.IsSecret).Select(text => new Secret(text))], reader.Faults);
    }
}
