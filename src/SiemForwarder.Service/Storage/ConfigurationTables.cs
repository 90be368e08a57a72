namespace SiemForwarder.Service.Storage;

/// <summary>The configured sources and integrations for the SQL of other folders; each constant is a subquery to use in place of a table.</summary>
internal static class ConfigurationTables
{
    public const string Sources = "(SELECT id, name, kind, enabled, version, definition, updated_at FROM source)";

    public const string Integrations = "(SELECT id, name, enabled, paused_at, engine_pool, destination, updated_at, version FROM integration)";

    /// <summary>One row per source that an integration reads; an integration that names no sources reads all of them.</summary>
    public const string Readings = """
        (SELECT i.id AS integration_id, i.name, i.enabled, s.id AS source_id FROM integration i
            JOIN source s ON jsonb_array_length(i.definition -> 'sources') = 0 OR i.definition -> 'sources' @> to_jsonb(s.id))
        """;

    /// <summary>Deletes the source $1 and everything that references it.</summary>
    public const string DeleteSource = "DELETE FROM source WHERE id = $1";
}
