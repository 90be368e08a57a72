using System.Text.Json;

namespace SiemForwarder.Destinations.Http.Sentinel;

/// <summary>The member <c>error.code</c> of an answer of Azure: tells a wrong setting from a bad event, which both are HTTP 400.</summary>
internal static class SentinelErrorCode
{
    // What such a code names is a setting; all others, such as InvalidPayload, are about the events.
    private static readonly (string Part, string Advice)[] OfSettings =
    [
        ("Stream", "Set settings.stream to a stream that the data collection rule declares, such as Custom-KeycloakEvents_CL."),
        ("Dcr", "Check settings.ruleId: it must be the immutable id of a rule in the region of the ingestion URL."),
        ("Rule", "Check settings.ruleId: it must be the immutable id of a rule in the region of the ingestion URL."),
        ("Table", "Create the table that the data collection rule writes to, or correct the rule's output stream."),
        ("ApiVersion", "Check that the ingestion URL belongs to Azure Monitor: it does not know this version of the Logs Ingestion API."),
    ];

    /// <summary>The code; null where the answer has none.</summary>
    public static string? Find(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.String
                ? code.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What to change where the code is about a setting; null where it is about the events.</summary>
    public static string? AdviceOf(string code) => OfSettings.FirstOrDefault(pair => code.Contains(pair.Part, StringComparison.OrdinalIgnoreCase)).Advice;
}
