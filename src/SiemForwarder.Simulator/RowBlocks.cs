namespace SiemForwarder.Simulator;

/// <summary>Stores rendered rows contiguously in large blocks, so that half a million rows are only a few hundred objects.</summary>
internal sealed class RowBlocks
{
    private const int BlockBytes = 1 << 20;

    private byte[] current = [];
    private int used;

    /// <summary>Copies the bytes; that part of the returned block is never overwritten.</summary>
    public (byte[] Block, int Offset) Append(ReadOnlySpan<byte> bytes)
    {
        if (current.Length - used < bytes.Length)
        {
            current = new byte[Math.Max(BlockBytes, bytes.Length)];
            used = 0;
        }

        var offset = used;
        bytes.CopyTo(current.AsSpan(offset));
        used += bytes.Length;
        return (current, offset);
    }
}
