namespace SiemForwarder.Destinations.Amqp;

/// <summary>Keeps which messages of one batch the broker confirmed, refused or returned; written by the reader of the connection.</summary>
/// <param name="first">Delivery tag of the first message.</param>
/// <param name="messageIds">Ids of the messages in their order; a returned message is known by its id alone.</param>
internal sealed class ConfirmLedger(ulong first, IReadOnlyList<string> messageIds)
{
    private readonly Lock gate = new();
    private readonly bool?[] confirmed = new bool?[messageIds.Count];
    private readonly HashSet<string> returned = [];
    private readonly TaskCompletionSource settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int open = messageIds.Count;
    private string? returnText;

    /// <summary>Ends when every message is settled, or nothing more can come.</summary>
    public Task Settled => settled.Task;

    /// <summary>What the broker said when it returned a message; null where it returned none.</summary>
    public string? ReturnText
    {
        get
        {
            lock (gate)
            {
                return returnText;
            }
        }
    }

    /// <summary>Indexes of the messages that the broker did not take for good, ascending.</summary>
    public List<int> Missing
    {
        get
        {
            lock (gate)
            {
                return [.. Enumerable.Range(0, confirmed.Length).Where(index => confirmed[index] != true || returned.Contains(messageIds[index]))];
            }
        }
    }

    /// <summary>Notes basic.ack or basic.nack; with <paramref name="multiple"/> for all up to the tag.</summary>
    public void Settle(ulong tag, bool multiple, bool taken)
    {
        lock (gate)
        {
            if (tag < first || tag - first >= (ulong)confirmed.Length)
            {
                return;
            }

            var last = (int)(tag - first);
            for (var index = multiple ? 0 : last; index <= last; index++)
            {
                if (confirmed[index] is null)
                {
                    confirmed[index] = taken;
                    open--;
                }
            }

            if (open > 0)
            {
                return;
            }
        }

        settled.TrySetResult();
    }

    /// <summary>Notes basic.return; the broker confirms such a message all the same, behind it.</summary>
    public void Return(string? messageId, string text)
    {
        lock (gate)
        {
            returned.Add(messageId ?? "");
            returnText = text;
        }
    }

    /// <summary>Nothing more can come: the channel is closed.</summary>
    public void Close() => settled.TrySetResult();
}
