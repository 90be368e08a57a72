using Microsoft.Extensions.Options;

namespace SiemForwarder.Service.Inbox;

/// <summary>Bounds the memory of all requests together: each takes room for its bytes before it reads them, and gives it back with its answer.</summary>
internal sealed class InboxRoom(IOptions<InboxOptions> options)
{
    private long taken;

    /// <summary>Takes room, or nothing where too little is left.</summary>
    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref taken, bytes) <= options.Value.MaxPendingBytes)
        {
            return true;
        }

        Interlocked.Add(ref taken, -bytes);
        return false;
    }

    public void Give(int bytes) => Interlocked.Add(ref taken, -bytes);
}
