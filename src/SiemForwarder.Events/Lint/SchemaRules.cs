using System.Globalization;

namespace SiemForwarder.Events.Lint;

/// <summary>The required fields of an event in each schema, and their allowed values; everything else is left to the schema's own validator.</summary>
internal static class SchemaRules
{
    private static readonly Dictionary<string, SchemaRule[]> BySchema = new(StringComparer.Ordinal)
    {
        ["native"] =
        [
            SchemaRule.Required("schema_version"), SchemaRule.Required("event_id"), SchemaRule.Required("event_type"),
            SchemaRule.Time("timestamp"),
            SchemaRule.OneOf("outcome", "success", "failure", "unknown"),
        ],
        // Elastic Common Schema 9.4.
        ["ecs"] =
        [
            SchemaRule.Time("@timestamp"), SchemaRule.Required("ecs.version"),
            SchemaRule.OneOf("event.kind", "alert", "asset", "enrichment", "event", "metric", "pipeline_error", "signal", "state"),
            SchemaRule.OneOf(
                "event.category", "api", "authentication", "configuration", "database", "driver", "email", "file", "host", "iam",
                "intrusion_detection", "library",
                "malware", "network", "package", "process", "registry", "session", "threat", "vulnerability", "web"),
            SchemaRule.OneOf("event.outcome", "success", "failure", "unknown"), SchemaRule.Required("event.id"),
        ],
        // Splunk CIM 8.5: fields that Authentication and Change have in common.
        ["cim"] =
        [
            SchemaRule.Time("timestamp"), SchemaRule.Required("vendor_product"), SchemaRule.Required("src"), SchemaRule.Required("dest"),
        ],
        // Microsoft ASIM: fields that are mandatory in every schema.
        ["asim"] =
        [
            SchemaRule.Whole("EventCount"), SchemaRule.Time("EventStartTime"), SchemaRule.Time("EventEndTime"),
            SchemaRule.Required("EventType"),
            SchemaRule.OneOf("EventResult", "Success", "Partial", "Failure", "NA"), SchemaRule.Required("EventProduct"),
            SchemaRule.Required("EventVendor"),
            SchemaRule.OneOf("EventSchema", "Authentication", "AuditEvent", "UserManagement", "AlertEvent"),
            SchemaRule.Required("EventSchemaVersion"),
        ],
        // Google's Unified Data Model, as accepted by its import.
        ["udm"] =
        [
            SchemaRule.Time("metadata.eventTimestamp"), SchemaRule.Required("metadata.eventType"),
            SchemaRule.Required("metadata.vendorName"),
            SchemaRule.Required("metadata.productName"),
        ],
        ["ocsf"] = Ocsf("1.8.0"),
        ["ocsf-1.9"] = Ocsf("1.9.0"),
    };

    // Fields that receivers type as addresses; no schema uses a name in another's list for something else.
    private static readonly HashSet<string> AddressFields = ["source.ip", "related.ip", "src_endpoint.ip", "SrcIpAddr", "DvcIpAddr", "principal.ip"];

    /// <summary>Checks the fields of one event; schemas without rules, such as raw, may contain anything.</summary>
    public static void Check(string schema, IReadOnlyList<ParsedField> fields, ParsedMessage reading)
    {
        foreach (var rule in BySchema.GetValueOrDefault(schema, []))
        {
            rule.Check($"{schema}.{rule.Field}", fields, reading);
        }

        foreach (var wrong in fields.Where(field => AddressFields.Contains(field.Name) && AddressReader.Find(field.Value) is null))
        {
            reading.Error(
                $"{schema}.{wrong.Name}",
                $"{wrong.Name} contains '{ParsedMessage.Shown(wrong.Value)}', which is not an address: typed fields reject it.");
        }

        // Alerts are about no device.
        if (schema == "asim" && !fields.Any(field => field is { Name: "EventSchema", Value: "AlertEvent" }))
        {
            SchemaRule.Required("Dvc").Check("asim.Dvc", fields, reading);
        }

        if (schema.StartsWith("ocsf", StringComparison.Ordinal))
        {
            CheckOcsfTypes(fields, reading);
        }
    }

    // Required in every class (OCSF 1.8, base event).
    private static SchemaRule[] Ocsf(string version) =>
    [
        SchemaRule.Whole("class_uid"), SchemaRule.Whole("category_uid"), SchemaRule.Whole("activity_id"),
        SchemaRule.Whole("type_uid"), SchemaRule.Whole("time"),
        SchemaRule.OneOf("severity_id", "0", "1", "2", "3", "4", "5", "6", "99"), SchemaRule.OneOf("metadata.version", version),
        SchemaRule.Required("metadata.product.name"),
    ];

    private static void CheckOcsfTypes(IReadOnlyList<ParsedField> fields, ParsedMessage reading)
    {
        var (type, ofClass, activity) = (Number("type_uid"), Number("class_uid"), Number("activity_id"));
        if (type != (ofClass * 100) + activity)
        {
            reading.Error("ocsf.type_uid", "type_uid is not class_uid times 100 plus activity_id.");
        }

        if (Number("category_uid") != ofClass / 1000)
        {
            reading.Error("ocsf.category_uid", "category_uid is not the first digit of class_uid.");
        }

        long? Number(string name)
        {
            var text = fields.FirstOrDefault(field => field.Name == name)?.Value;
            return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        }
    }
}
