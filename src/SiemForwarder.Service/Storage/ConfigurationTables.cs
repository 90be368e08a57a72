namespace SiemForwarder.Service.Storage;

/// <summary>The configured sources and integrations as SQL of other folders reads them: each is a query that stands where a table would.</summary>
internal static class ConfigurationTables
{
    public const string Sources = "(SELECT id, name, kind, enabled, version, definition FROM source)";

    public const string Integrations = "(SELECT id, name, enabled, paused_at, engine_pool, destination, updated_at, version FROM integration)";

    /// <summary>One row for each source that an integration reads; one that names no source reads all.</summary>
    public const string Readings = """
        (SELECT i.id AS integration_id, i.name, i.enabled, s.id AS source_id FROM integration i
            JOIN source s ON jsonb_array_length(i.definition -> 'sources') = 0 OR i.definition -> 'sources' @> to_jsonb(s.id))
        """;

    /// <summary>Deletes the source $1, and with it what refers to it.</summary>
    public const string DeleteSource = "DELETE FROM source WHERE id = $1";
}
