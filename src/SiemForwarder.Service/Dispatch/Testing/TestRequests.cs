using System.Text.Json;
using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Testing;

/// <summary>A test for another engine to run.</summary>
internal sealed record TestRequest(long Id, int IntegrationId);

/// <summary>Passes tests through the database to an engine of the integration's pool, and waits for the result.</summary>
internal sealed class TestRequests(NpgsqlDataSource database, IOptions<EngineOptions> engine, TimeProvider time)
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(200);

    /// <summary>Requests a test from an engine of the pool; null if none responded in time.</summary>
    public async Task<TestResponse?> AskAsync(RunnableIntegration integration, TimeSpan bound, CancellationToken cancellationToken)
    {
        await using var ask = database.CreateCommand("INSERT INTO test_request (integration_id, pool) VALUES ($1, $2) RETURNING id");
        ask.Parameters.AddWithValue(integration.Id);
        ask.Parameters.AddWithValue(integration.EnginePool);
        var id = (long)(await ask.ExecuteScalarAsync(cancellationToken))!;
        try
        {
            var started = time.GetTimestamp();
            while (time.GetElapsedTime(started) < bound)
            {
                await using var look = database.CreateCommand("SELECT report::text FROM test_request WHERE id = $1");
                look.Parameters.AddWithValue(id);
                if (await look.ExecuteScalarAsync(cancellationToken) is string report)
                {
                    return JsonSerializer.Deserialize<TestResponse>(report, JsonSerializerOptions.Web);
                }

                await Task.Delay(Glance, time, cancellationToken);
            }

            return null;
        }
        finally
        {
            await using var forget = database.CreateCommand("DELETE FROM test_request WHERE id = $1 OR requested_at < now() - interval '1 hour'");
            forget.Parameters.AddWithValue(id);
            await forget.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    /// <summary>Takes a pending test for the pools of this engine; null if there is none.</summary>
    public async Task<TestRequest?> TakeAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            UPDATE test_request SET taken_by = $1 WHERE id = (
                SELECT id FROM test_request WHERE taken_by IS NULL AND pool = ANY ($2) AND requested_at > now() - interval '5 minutes'
                ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING id, integration_id
            """);
        command.Parameters.AddWithValue(engine.Value.Name);
        command.Parameters.AddWithValue(engine.Value.EffectivePools);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new TestRequest(reader.GetInt64(0), reader.GetInt32(1)) : null;
    }

    /// <summary>Stores the result of a test.</summary>
    public async Task AnswerAsync(TestRequest request, TestResponse response, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("UPDATE test_request SET report = $2::jsonb WHERE id = $1");
        command.Parameters.AddWithValue(request.Id);
        // A response may contain a NUL, which jsonb cannot store.
        command.Parameters.AddWithValue(JsonSerializer.Serialize(response, JsonSerializerOptions.Web).Replace("\\u0000", "\\uFFFD", StringComparison.Ordinal));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
