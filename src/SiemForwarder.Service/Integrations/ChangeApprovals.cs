using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using SiemForwarder.Connections;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Storage;
using SiemForwarder.Service.Storage.Protection;

namespace SiemForwarder.Service.Integrations;

/// <summary>A change to an integration that needs or needed approval by another administrator.</summary>
/// <param name="Operation"><c>update</c>, <c>disable</c> or <c>delete</c>.</param>
/// <param name="Version">The version of the integration that the change applies to.</param>
/// <param name="AskedBy">Name of the requester.</param>
/// <param name="ExpiresAt">Until when it can be approved.</param>
/// <param name="State"><c>waiting</c>, <c>approved</c>, <c>rejected</c>, <c>overtaken</c> by another change, or <c>expired</c>.</param>
/// <param name="Settings">The integration after the update, secrets only as whether they are set; null for other operations.</param>
public sealed record PendingChangeResponse(
    long Id, int Integration, string Operation, int Version, string AskedBy, DateTimeOffset AskedAt, DateTimeOffset ExpiresAt, string State,
    string? DecidedBy, DateTimeOffset? DecidedAt, JsonElement? Settings)
{
    internal const string Waiting = "waiting";
    internal const string Approved = "approved";
    internal const string Rejected = "rejected";
    internal const string Overtaken = "overtaken";

    /// <summary>The credential of the requester.</summary>
    [JsonIgnore]
    internal string AskedAs { get; init; } = "";

    /// <summary>The request of an update; null for other operations, or if the keys of this database cannot decrypt it.</summary>
    [JsonIgnore]
    internal IntegrationRequest? Request { get; init; }
}

/// <summary>Holds changes that silence an integration until another administrator approves them, if the two-person rule is on.</summary>
internal sealed class ChangeApprovals(
    NpgsqlDataSource database, SecretProtector protector, IOptions<AccessOptions> access, IOptions<JsonOptions> json, TimeProvider time)
{
    private const string RequestName = "request";
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    /// <summary>Whether the two-person rule is on.</summary>
    public bool IsAskedFor => access.Value.TwoPersonRule;

    /// <summary>Holds a change that needs approval; null if it may be made at once.</summary>
    /// <param name="before">The current integration.</param>
    /// <param name="after">The changed integration; null if it would be deleted.</param>
    /// <param name="operation"><c>update</c>, <c>disable</c> or <c>delete</c>.</param>
    /// <param name="request">The request of an update.</param>
    /// <param name="shown">What GET would return after an update.</param>
    /// <param name="asker">The requester.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    public async Task<PendingChangeResponse?> HoldAsync(
        Integration before, Integration? after, string operation, IntegrationRequest? request, IntegrationResponse? shown, Caller asker,
        CancellationToken cancellationToken)
    {
        if (!IsAskedFor || !Silencing.IsDue(before, after))
        {
            return null;
        }

        var secret = request is null ? null : protector.Protect(
            new Dictionary<string, Secret> { [RequestName] = new(JsonSerializer.Serialize(request, json.Value.SerializerOptions)) });
        var now = StoredTime.Now(time);
        await using var command = database.CreateCommand("""
            INSERT INTO pending_change (integration_id, operation, version, request, settings, asked_by, asked_as, asked_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id
            """);
        command.Parameters.AddWithValue(before.Id);
        command.Parameters.AddWithValue(operation);
        command.Parameters.AddWithValue(before.Version);
        command.Parameters.AddWithValue(NpgsqlDbType.Bytea, (object?)secret ?? DBNull.Value);
        command.Parameters.AddWithValue(
            NpgsqlDbType.Jsonb, shown is null ? DBNull.Value : JsonSerializer.Serialize(shown, json.Value.SerializerOptions));
        command.Parameters.AddWithValue(StoredText.Of(asker.Name));
        command.Parameters.AddWithValue(asker.Credential);
        command.Parameters.AddWithValue(now);
        command.Parameters.AddWithValue(now + Lifetime);
        var id = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        return await FindAsync(before.Id, id, cancellationToken);
    }

    /// <summary>The changes of an integration, newest first.</summary>
    public async Task<(IReadOnlyList<PendingChangeResponse> Items, int Total)> ListAsync(
        int integrationId, int page, int pageSize, CancellationToken cancellationToken)
    {
        await using var count = database.CreateCommand("SELECT count(*) FROM pending_change WHERE integration_id = $1");
        count.Parameters.AddWithValue(integrationId);
        var total = (int)(long)(await count.ExecuteScalarAsync(cancellationToken))!;
        var items = await ReadAsync(
            "integration_id = $1 ORDER BY id DESC OFFSET $2 LIMIT $3", [integrationId, (page - 1) * pageSize, pageSize], cancellationToken);
        return (items, total);
    }

    /// <summary>One change; null if the integration has none with this id.</summary>
    public async Task<PendingChangeResponse?> FindAsync(int integrationId, long id, CancellationToken cancellationToken) =>
        (await ReadAsync("integration_id = $1 AND id = $2", [integrationId, id], cancellationToken)).SingleOrDefault();

    /// <summary>Records the decision on a pending change.</summary>
    public async Task DecideAsync(PendingChangeResponse change, string state, Caller decider, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "UPDATE pending_change SET state = $2, decided_by = $3, decided_at = $4, request = NULL WHERE id = $1 AND state = 'waiting'");
        command.Parameters.AddWithValue(change.Id);
        command.Parameters.AddWithValue(state);
        command.Parameters.AddWithValue(StoredText.Of(decider.Name));
        command.Parameters.AddWithValue(StoredTime.Now(time));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<List<PendingChangeResponse>> ReadAsync(string condition, object[] parameters, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            SELECT id, integration_id, operation, version, asked_by, asked_at, expires_at, state, decided_by, decided_at, settings, asked_as, request
            FROM pending_change WHERE {condition}
            """);
        foreach (var parameter in parameters)
        {
            command.Parameters.AddWithValue(parameter);
        }

        var now = time.GetUtcNow();
        var found = new List<PendingChangeResponse>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var (expiresAt, state) = (reader.GetFieldValue<DateTimeOffset>(6), reader.GetString(7));
            found.Add(new PendingChangeResponse(
                reader.GetInt64(0), reader.GetInt32(1), reader.GetString(2), reader.GetInt32(3), reader.GetString(4),
                reader.GetFieldValue<DateTimeOffset>(5), expiresAt, state == PendingChangeResponse.Waiting && expiresAt <= now ? "expired" : state,
                await reader.IsDBNullAsync(8, cancellationToken) ? null : reader.GetString(8),
                await reader.IsDBNullAsync(9, cancellationToken) ? null : reader.GetFieldValue<DateTimeOffset>(9),
                await reader.IsDBNullAsync(10, cancellationToken) ? null : JsonSerializer.Deserialize<JsonElement>(reader.GetString(10)))
            {
                AskedAs = reader.GetString(11),
                Request = await reader.IsDBNullAsync(12, cancellationToken) ? null : RequestOf(reader.GetFieldValue<byte[]>(12)),
            });
        }

        return found;
    }

    private IntegrationRequest? RequestOf(byte[] secret) => protector.Unprotect(secret)?.GetValueOrDefault(RequestName) is { } request
        ? JsonSerializer.Deserialize<IntegrationRequest>(request.Reveal(), json.Value.SerializerOptions)
        : null;
}
