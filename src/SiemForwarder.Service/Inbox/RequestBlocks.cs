using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace SiemForwarder.Service.Inbox;

/// <summary>The memory that the server receives requests into, in larger blocks than its own of 4 KiB: a request of a hundred events takes a quarter of the calls.</summary>
internal sealed class RequestBlocks : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    private const int BlockBytes = 16 * 1024;

    // 4 MiB wait to be used again; what a burst took beyond it is left to the collector.
    private const int MaxFree = 256;

    private readonly ConcurrentQueue<Block> free = new();
    private int freeCount;

    public override int MaxBufferSize => BlockBytes;

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        if (free.TryDequeue(out var block))
        {
            Interlocked.Decrement(ref freeCount);
            return block;
        }

        return new Block(this);
    }

    // One pool serves all connections for as long as the process lives.
    protected override void Dispose(bool disposing)
    {
    }

    private void Return(Block block)
    {
        if (Interlocked.Increment(ref freeCount) <= MaxFree)
        {
            free.Enqueue(block);
        }
        else
        {
            Interlocked.Decrement(ref freeCount);
        }
    }

    // Pinned, since sockets would pin it for each call otherwise.
    private sealed class Block(RequestBlocks pool) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = MemoryMarshal.CreateFromPinnedArray(GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true), 0, BlockBytes);

        public void Dispose() => pool.Return(this);
    }
}
