using System.Text.Json;
using Microsoft.Extensions.Options;
using Npgsql;
using SiemForwarder.Service.Engines;
using SiemForwarder.Service.Integrations;

namespace SiemForwarder.Service.Dispatch.Testing;

/// <summary>Something for another engine to run.</summary>
/// <param name="Argument">What else it has to know; null if nothing.</param>
internal sealed record PoolRequest(long Id, int IntegrationId, string? Argument);

/// <summary>Passes requests through the database to an engine of the integration's pool, and waits for the result.</summary>
/// <param name="table">Table of these requests.</param>
internal abstract class PoolRequests<TResponse>(string table, NpgsqlDataSource database, IOptions<EngineOptions> engine, TimeProvider time)
    where TResponse : class
{
    // What is told may contain a NUL, which jsonb cannot store.
    private protected static string ToJson<T>(T value) =>
        JsonSerializer.Serialize(value, JsonSerializerOptions.Web).Replace("\\u0000", "\\uFFFD", StringComparison.Ordinal);

    private protected NpgsqlDataSource Database => database;

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(200);

    /// <summary>Requests a run from an engine of the pool; null if none responded in time.</summary>
    /// <param name="integration">What to run it for.</param>
    /// <param name="argument">What the engine has to know beside; null if nothing.</param>
    /// <param name="bound">How long to wait.</param>
    /// <param name="meanwhile">Called with the number of the request while it runs, and once more after its end; null for nothing.</param>
    /// <param name="cancellationToken">Withdraws the request.</param>
    public async Task<TResponse?> AskAsync(
        RunnableIntegration integration, string? argument, TimeSpan bound, Func<long, Task>? meanwhile, CancellationToken cancellationToken)
    {
        await using var ask = database.CreateCommand($"INSERT INTO {table} (integration_id, pool, argument) VALUES ($1, $2, $3) RETURNING id");
        ask.Parameters.AddWithValue(integration.Id);
        ask.Parameters.AddWithValue(integration.EnginePool);
        ask.Parameters.AddWithValue((object?)argument ?? DBNull.Value);
        var id = (long)(await ask.ExecuteScalarAsync(cancellationToken))!;
        try
        {
            var started = time.GetTimestamp();
            while (time.GetElapsedTime(started) < bound)
            {
                await using var look = database.CreateCommand($"SELECT report::text FROM {table} WHERE id = $1");
                look.Parameters.AddWithValue(id);
                var answer = await look.ExecuteScalarAsync(cancellationToken);
                await (meanwhile?.Invoke(id) ?? Task.CompletedTask);
                if (answer is string report)
                {
                    return JsonSerializer.Deserialize<TResponse>(report, JsonSerializerOptions.Web);
                }

                await Task.Delay(Glance, time, cancellationToken);
            }

            return null;
        }
        finally
        {
            await using var forget = database.CreateCommand($"DELETE FROM {table} WHERE id = $1 OR requested_at < now() - interval '1 hour'");
            forget.Parameters.AddWithValue(id);
            await forget.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    /// <summary>Takes a pending request for the pools of this engine; null if there is none.</summary>
    public async Task<PoolRequest?> TakeAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            UPDATE {table} SET taken_by = $1 WHERE id = (
                SELECT id FROM {table} WHERE taken_by IS NULL AND pool = ANY ($2) AND requested_at > now() - interval '5 minutes'
                ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING id, integration_id, argument
            """);
        command.Parameters.AddWithValue(engine.Value.Name);
        command.Parameters.AddWithValue(engine.Value.EffectivePools);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new PoolRequest(reader.GetInt64(0), reader.GetInt32(1), await reader.IsDBNullAsync(2, cancellationToken) ? null : reader.GetString(2)) : null;
    }

    /// <summary>Stores the result of a run.</summary>
    public async Task AnswerAsync(PoolRequest request, TResponse response, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"UPDATE {table} SET report = $2::jsonb WHERE id = $1");
        command.Parameters.AddWithValue(request.Id);
        command.Parameters.AddWithValue(ToJson(response));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>Tests for other engines to run.</summary>
internal sealed class TestRequests(NpgsqlDataSource database, IOptions<EngineOptions> engine, TimeProvider time)
    : PoolRequests<TestResponse>("test_request", database, engine, time)
{
    /// <summary>Stores a stage that has ended.</summary>
    public async Task TellAsync(PoolRequest request, TestStageResponse stage, CancellationToken cancellationToken)
    {
        await using var command = Database.CreateCommand("UPDATE test_request SET stages = stages || jsonb_build_array($2::jsonb) WHERE id = $1");
        command.Parameters.AddWithValue(request.Id);
        command.Parameters.AddWithValue(ToJson(stage));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The stages that have ended, in order; none if an engine of an older version runs the test.</summary>
    public async Task<IReadOnlyList<TestStageResponse>> ReadStagesAsync(long id, CancellationToken cancellationToken)
    {
        await using var command = Database.CreateCommand("SELECT stages::text FROM test_request WHERE id = $1");
        command.Parameters.AddWithValue(id);
        return await command.ExecuteScalarAsync(cancellationToken) is string stages
            ? JsonSerializer.Deserialize<List<TestStageResponse>>(stages, JsonSerializerOptions.Web)! : [];
    }
}

/// <summary>Rehearsals for other engines to run; the argument is the request as JSON.</summary>
internal sealed class RehearsalRequests(NpgsqlDataSource database, IOptions<EngineOptions> engine, TimeProvider time)
    : PoolRequests<RehearsalResponse>("rehearsal_request", database, engine, time);
