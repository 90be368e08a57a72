namespace SiemForwarder.Events.Formats.Native;

/// <summary>The native schema: a flat JSON object, described in docs/native.md and in the embedded JSON Schema.</summary>
public static class NativeJson
{
    /// <summary>Id of the schema in an integration's settings.</summary>
    public const string Schema = "native";

    /// <summary>Version of the schema; the minor number increases when members are added, the major when one changes or is removed.</summary>
    public const string SchemaVersion = "1.0";

    /// <summary>Opens the JSON Schema (2020-12) of the native schema; the caller disposes it.</summary>
    public static Stream OpenSchema() =>
        typeof(NativeJson).Assembly.GetManifestResourceStream("native.schema.json")
        ?? throw new InvalidOperationException("The schema is not embedded in this build.");
}
