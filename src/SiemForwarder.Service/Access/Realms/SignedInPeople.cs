using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Npgsql;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Access.Realms;

/// <summary>Stores sessions in the database, so that a session ends for every engine when its row is deleted; a cookie only names a row.</summary>
internal sealed class SignedInPeople(NpgsqlDataSource database, IDataProtectionProvider protection, TimeProvider time) : ITicketStore
{
    /// <summary>The ticket item with the id of the session at the realm.</summary>
    public const string SessionId = ".sid";

    private readonly IDataProtector protector = protection.CreateProtector("SiemForwarder.SignedIn.v1");

    public async Task<string> StoreAsync(AuthenticationTicket ticket)
    {
        var key = RandomNumberGenerator.GetHexString(64, lowercase: true);
        await using var command = Command(
            "WITH ended AS (DELETE FROM signed_in WHERE expires_at <= $6) "
                + "INSERT INTO signed_in (id, subject, session_id, ticket, expires_at) VALUES ($1, $2, $3, $4, $5)",
            IdOf(key), Caller.Of(ticket.Principal)!.Id, ticket.Properties.Items.TryGetValue(SessionId, out var sid) && sid is not null ? sid : DBNull.Value,
            Pack(ticket),
            ticket.Properties.ExpiresUtc!.Value, StoredTime.Now(time));
        await command.ExecuteNonQueryAsync(CancellationToken.None);
        return key;
    }

    public async Task RenewAsync(string key, AuthenticationTicket ticket)
    {
        await using var command = Command(
            "UPDATE signed_in SET ticket = $2, expires_at = $3 WHERE id = $1", IdOf(key), Pack(ticket), ticket.Properties.ExpiresUtc!.Value);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    public async Task<AuthenticationTicket?> RetrieveAsync(string key)
    {
        await using var command = Command("SELECT ticket FROM signed_in WHERE id = $1 AND expires_at > $2", IdOf(key), StoredTime.Now(time));
        try
        {
            return await command.ExecuteScalarAsync(CancellationToken.None) is byte[] ticket
                ? TicketSerializer.Default.Deserialize(protector.Unprotect(ticket)) : null;
        }
        catch (CryptographicException)
        {
            // Encrypted with keys of another database: the person has to sign in again.
            return null;
        }
    }

    public async Task RemoveAsync(string key)
    {
        await using var command = Command("DELETE FROM signed_in WHERE id = $1", IdOf(key));
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>Ends the sessions named by a logout token; returns how many, or null if the token was already used.</summary>
    public async Task<int?> EndAsync(string tokenId, DateTimeOffset until, string? sessionId, string? subject, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var use = new NpgsqlCommand(
            "WITH old AS (DELETE FROM logout_token WHERE expires_at < $3) "
                + "INSERT INTO logout_token (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING", connection, transaction);
        Add(use, tokenId, until.ToUniversalTime(), StoredTime.Now(time).AddMinutes(-5));
        if (await use.ExecuteNonQueryAsync(cancellationToken) == 0)
        {
            return null;
        }

        // If a session is named, the subject's other sessions continue (OpenID Connect Back-Channel Logout, section 2.7).
        await using var end = new NpgsqlCommand(
            $"DELETE FROM signed_in WHERE {(sessionId is null ? "subject" : "session_id")} = $1", connection, transaction);
        Add(end, sessionId ?? subject!);
        var ended = await end.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return ended;
    }

    // Reading the table does not allow forging a cookie.
    private static string IdOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    private byte[] Pack(AuthenticationTicket ticket) => protector.Protect(TicketSerializer.Default.Serialize(ticket));

    private NpgsqlCommand Command(string sql, params object[] values)
    {
        var command = database.CreateCommand(sql);
        Add(command, values);
        return command;
    }

    private static void Add(NpgsqlCommand command, params object[] values)
    {
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }
    }
}
