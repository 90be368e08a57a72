using SiemForwarder.Connections.Network;

namespace SiemForwarder.Destinations.Http;

/// <summary>The connections of one test: the first is already open, further ones follow where the receiver closes between requests.</summary>
internal sealed class RecordedConnections(Connector connector, Connection first) : IAsyncDisposable
{
    private Connection? unused = first;
    private RecordingStream? current;

    /// <summary>Request line and headers of the last request.</summary>
    public ReadOnlySpan<byte> SentHead => current is null ? default : current.SentHead;

    /// <summary>What came back to the last request.</summary>
    public ReadOnlySpan<byte> Received => current is null ? default : current.Received;

    public async ValueTask<Stream> OpenAsync(CancellationToken cancellationToken)
    {
        var connection = Interlocked.Exchange(ref unused, null);
        if (connection is null)
        {
            var opened = await connector.OpenAsync(null, cancellationToken);
            connection = opened.TryGet(out var next, out var fault) ? next : throw new ConnectFailedException(fault);
        }

        if (current is not null)
        {
            await current.DisposeAsync();
        }

        return current = new RecordingStream(connection.Stream);
    }

    /// <summary>Forgets what was recorded: another request begins.</summary>
    public void Restart() => current?.Restart();

    public async ValueTask DisposeAsync()
    {
        if (unused is not null)
        {
            await unused.Stream.DisposeAsync();
        }

        if (current is not null)
        {
            await current.DisposeAsync();
        }
    }
}
