using Npgsql;

namespace SiemForwarder.Service.Storage;

/// <summary>The exclusive right of one engine per database to do something, held until it is disposed.</summary>
/// <remarks>Held by a dedicated transaction, not by the session: a pooler may hand the session to another client.</remarks>
internal sealed class EngineTurn : IAsyncDisposable
{
    private readonly NpgsqlConnection connection;
    private readonly NpgsqlTransaction transaction;

    private EngineTurn(NpgsqlConnection connection, NpgsqlTransaction transaction) => (this.connection, this.transaction) = (connection, transaction);

    /// <summary>Takes the turn, waiting for the engine that holds it.</summary>
    /// <param name="database">Database shared by the engines.</param>
    /// <param name="name">What the turn is for; the same in every engine.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="NpgsqlException">The database cannot be used.</exception>
    public static async Task<EngineTurn> TakeAsync(NpgsqlDataSource database, string name, CancellationToken cancellationToken) =>
        (await TakeAsync(database, "SELECT pg_advisory_xact_lock(hashtext($1))::text IS NOT NULL", name, cancellationToken))!;

    /// <summary>Takes the turn; null if another engine holds it.</summary>
    /// <param name="database">Database shared by the engines.</param>
    /// <param name="key">Number of the advisory lock; the same in every engine.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <exception cref="NpgsqlException">The database cannot be used.</exception>
    public static Task<EngineTurn?> TryTakeAsync(NpgsqlDataSource database, long key, CancellationToken cancellationToken) =>
        TakeAsync(database, "SELECT pg_try_advisory_xact_lock($1)", key, cancellationToken);

    private static async Task<EngineTurn?> TakeAsync(NpgsqlDataSource database, string isTaken, object key, CancellationToken cancellationToken)
    {
        var connection = await database.OpenConnectionAsync(cancellationToken);
        try
        {
            var turn = new EngineTurn(connection, await connection.BeginTransactionAsync(cancellationToken));
            await using var take = new NpgsqlCommand(isTaken, connection, turn.transaction) { Parameters = { new() { Value = key } } };
            if (await take.ExecuteScalarAsync(cancellationToken) is true)
            {
                return turn;
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }
}
