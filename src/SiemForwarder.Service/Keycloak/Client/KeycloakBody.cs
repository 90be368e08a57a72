using System.Buffers;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>The body of an answer in a pooled buffer; whoever holds it gives it back by disposing.</summary>
internal sealed class KeycloakBody : IDisposable
{
    private byte[] buffer = [];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Bytes => buffer.AsMemory(0, Length);

    /// <summary>Reads to the end; returns false where the body is longer than <paramref name="maxBytes"/>.</summary>
    public async Task<bool> TryFillAsync(Stream stream, long? announcedBytes, int maxBytes, CancellationToken cancellationToken)
    {
        if (announcedBytes > maxBytes)
        {
            return false;
        }

        Grow((int)(announcedBytes ?? 64 * 1024) + 1);
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(Length), cancellationToken);
            if (read == 0)
            {
                return true;
            }

            Length += read;
            if (Length > maxBytes)
            {
                return false;
            }

            if (Length == buffer.Length)
            {
                Grow(buffer.Length * 2);
            }
        }
    }

    public void Dispose()
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        buffer = [];
        Length = 0;
    }

    private void Grow(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(size);
        buffer.AsSpan(0, Length).CopyTo(larger);
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        buffer = larger;
    }
}
