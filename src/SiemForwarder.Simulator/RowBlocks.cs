namespace SiemForwarder.Simulator;

/// <summary>Keeps rendered rows one behind the other in large blocks, so that half a million rows are a few hundred objects.</summary>
internal sealed class RowBlocks
{
    private const int BlockBytes = 1 << 20;

    private byte[] current = [];
    private int used;

    /// <summary>Copies the bytes; the returned block is never written again at that place.</summary>
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
