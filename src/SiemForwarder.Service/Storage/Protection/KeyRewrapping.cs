using System.Security.Cryptography;
using System.Xml.Linq;
using Npgsql;
using SiemForwarder.Service.Storage.Private;

namespace SiemForwarder.Service.Storage.Protection;

/// <summary>Ensures that every key in the database is wrapped by the current master key, after it is first set and after a rotation.</summary>
internal sealed partial class KeyRewrapping(DatabaseConnections connections, MasterKeys keys, ILogger<KeyRewrapping> logger)
{
    /// <summary>Name of the turn in which keys are created and changed.</summary>
    public const string Turn = "siemforwarder protection key";

    /// <summary>Wraps the keys that are not yet wrapped by it and returns their number. Engines that do this at the same time wait for each other.</summary>
    /// <exception cref="DatabaseStartException">A key is wrapped by an unavailable master key; the message is one sentence for the operator.</exception>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        // Also if there is no key yet: an unusable file must prevent the start.
        _ = keys.Current;
        await using var connection = await connections.Vital.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var turn = new NpgsqlCommand($"SELECT pg_advisory_xact_lock(hashtext('{Turn}'))", connection, transaction))
        {
            await turn.ExecuteNonQueryAsync(cancellationToken);
        }

        var stored = new List<(int Id, XElement Key)>();
        await using (var list = new NpgsqlCommand("SELECT id, xml FROM protection_key ORDER BY id", connection, transaction))
        await using (var reader = await list.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                stored.Add((reader.GetInt32(0), XElement.Parse(reader.GetString(1))));
            }
        }

        var wrapped = 0;
        foreach (var (id, key) in stored)
        {
            if (Rewrap(key) is { } again)
            {
                await using var update = new NpgsqlCommand("UPDATE protection_key SET xml = $2 WHERE id = $1", connection, transaction)
                {
                    Parameters = { new() { Value = id }, new() { Value = again.ToString(SaveOptions.DisableFormatting) } },
                };
                wrapped += await update.ExecuteNonQueryAsync(cancellationToken);
            }
        }

        await transaction.CommitAsync(cancellationToken);
        if (wrapped > 0)
        {
            LogWrapped(wrapped, keys.Current!.Id);
        }

        return wrapped;
    }

    private XElement? Rewrap(XElement key)
    {
        if (!keys.IsSet)
        {
            // Once wrapped, keys cannot be read without the master key: failing to start is better than adding new keys beside them.
            return KeyWrapping.IsWrapped(key)
                ? throw new DatabaseStartException(
                    "The stored secrets are protected by a master key: set its file in Forwarder__Secrets__MasterKeyFile (docs/security.md).")
                : null;
        }

        try
        {
            return KeyWrapping.Rewrap(key, keys);
        }
        catch (CryptographicException exception)
        {
            throw new DatabaseStartException($"The stored secrets cannot be read: {exception.Message} Put the missing key back on a line of its own.");
        }
    }

    [LoggerMessage(LogLevel.Information, "Wrapped {Count} keys in the database with the master key {Id}.")]
    private partial void LogWrapped(int count, string id);
}
