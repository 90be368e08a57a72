using SiemForwarder.Detections.Yaml;

namespace SiemForwarder.Detections.Rules;

/// <summary>Reads what all kinds of rules say of themselves.</summary>
internal static class HeadReader
{
    public static RuleHead Read(YamlMap document, RuleReading reading)
    {
        var title = reading.ReadText(document, "title", "", isNeeded: true) ?? reading.Rule;
        reading.Rule = title;
        var id = reading.ReadText(document, "id", "");
        if (id is not null && !Guid.TryParseExact(id, "D", out _))
        {
            reading.Refuse("id", $"'{id}' is no UUID");
        }

        var taxonomy = reading.ReadText(document, "taxonomy", "") ?? "sigma";
        if (taxonomy is not ("sigma" or "ecs"))
        {
            reading.Refuse("taxonomy", $"'{taxonomy}' is not known; leave it out, or write ecs");
        }

        reading.IsEcs = taxonomy == "ecs";
        return new RuleHead
        {
            Title = title,
            Id = id?.ToLowerInvariant(),
            Name = reading.ReadText(document, "name", ""),
            Description = reading.ReadText(document, "description", ""),
            Level = ReadLevel(document, reading),
            DisabledReason = ReadStatus(document, reading),
            Tags = reading.ReadTexts(document, "tags", ""),
            FalsePositives = reading.ReadTexts(document, "falsepositives", ""),
            Needs = reading.ReadTexts(document, "needs", ""),
            IsEcs = reading.IsEcs,
        };
    }

    /// <summary>The logsource, which detections and filters must have.</summary>
    public static LogSource ReadLogSource(YamlMap document, RuleReading reading)
    {
        if (document.Find("logsource") is not YamlMap { Entries.Count: > 0 } map)
        {
            reading.Refuse("logsource", "it is missing; write product: keycloak, and service: user or admin");
            return new LogSource(null, null, null);
        }

        var source = new LogSource(
            reading.ReadText(map, "product", "logsource"), reading.ReadText(map, "service", "logsource"), reading.ReadText(map, "category", "logsource"));
        if (WhyIdle(source) is { } reason)
        {
            reading.Lint("logsource", reason);
        }

        return source;
    }

    private static string? WhyIdle(LogSource source) => source switch
    {
        { IsForAlerts: true } => null,
        { Category: { } category } => $"events have no category, so the rule never applies to any; leave '{category}' out",
        { Product: null or "application" } => null,
        { Product: "keycloak" } => source.Service is null or "user" or "admin"
            ? null : $"Keycloak has no events of the service '{source.Service}', so the rule never applies to any; write user or admin",
        { Product: "forwarder" } => source.Service is null or "audit"
            ? null : $"the forwarder has no events of the service '{source.Service}', so the rule never applies to any; write audit or detection",
        _ => $"no events of the product '{source.Product}' are read here, so the rule never applies to any; write keycloak, application or forwarder",
    };

    private static RuleLevel ReadLevel(YamlMap document, RuleReading reading)
    {
        switch (reading.ReadText(document, "level", ""))
        {
            case "informational":
                return RuleLevel.Informational;
            case "low":
                return RuleLevel.Low;
            case null or "medium":
                return RuleLevel.Medium;
            case "high":
                return RuleLevel.High;
            case "critical":
                return RuleLevel.Critical;
            case var other:
                reading.Refuse("level", $"'{other}' is none of informational, low, medium, high, critical");
                return RuleLevel.Medium;
        }
    }

    private static string? ReadStatus(YamlMap document, RuleReading reading)
    {
        switch (reading.ReadText(document, "status", ""))
        {
            case null or "stable" or "test" or "experimental":
                return null;
            case "deprecated":
                return "the rule is deprecated";
            case "unsupported":
                return "the rule is unsupported";
            case var other:
                reading.Refuse("status", $"'{other}' is none of stable, test, experimental, deprecated, unsupported");
                return null;
        }
    }
}
