using System.Text.Json.Nodes;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.EndToEnd.Receivers;

/// <summary>DuckDB, which reads Parquet by code of its own, as npm's package @duckdb/node-api brings it.</summary>
internal static class DuckDb
{
    private const string Node = "/usr/bin/node";

    private const string Script = """
        const { DuckDBInstance } = require(process.argv[1]);
        (async () => {
          const connection = await (await DuckDBInstance.create(':memory:')).connect();
          const answer = await connection.runAndReadAll(process.argv[2]);
          console.log(JSON.stringify(answer.getRowsJson()));
        })().catch(fault => { console.error(fault.message); process.exit(1); });
        """;

    private static readonly string Package =
        Path.Combine(Environment.GetEnvironmentVariable("DUCKDB_HOME") ?? "/opt/siemforwarder-duckdb", "node_modules", "@duckdb", "node-api");

    /// <summary>Why it cannot run here; null where it can.</summary>
    public static string? Missing { get; } = Directory.Exists(Package) && File.Exists(Node) ? null : "DuckDB is not installed: run .ci/install-receivers, which needs npm";

    /// <summary>The rows of a query, each with its values in order.</summary>
    public static async Task<List<JsonArray>> AskAsync(string query, CancellationToken cancellationToken)
    {
        var (code, said) = await ChildProgram.RunAsync(Node, ["-e", Script, Package, query], cancellationToken);
        Assert.True(code == 0, said);
        return [.. JsonNode.Parse(said)!.AsArray().Select(row => row!.AsArray())];
    }
}
