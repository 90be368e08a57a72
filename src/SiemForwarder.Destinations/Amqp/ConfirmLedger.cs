namespace SiemForwarder.Destinations.Amqp;

/// <summary>Tracks which messages of a batch the broker confirmed, refused or returned; updated by the connection's reader.</summary>
/// <param name="first">Delivery tag of the first message.</param>
/// <param name="messageIds">Ids of the messages, in order; a returned message is identified only by its id.</param>
internal sealed class ConfirmLedger(ulong first, IReadOnlyList<string> messageIds)
{
    private readonly Lock gate = new();
    private readonly bool?[] confirmed = new bool?[messageIds.Count];
    private readonly HashSet<string> returned = [];
    private readonly TaskCompletionSource settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int open = messageIds.Count;
    private string? returnText;

    /// <summary>Completes when every message is settled or nothing more can arrive.</summary>
    public Task Settled => settled.Task;

    /// <summary>The broker's text when it returned a message; null if it returned none.</summary>
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

    /// <summary>Indexes of messages that the broker did not finally accept, ascending.</summary>
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

    /// <summary>Records basic.ack or basic.nack; with <paramref name="multiple"/> for all messages up to the tag.</summary>
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

    /// <summary>Records basic.return; the broker still confirms such a message afterwards.</summary>
    public void Return(string? messageId, string text)
    {
        lock (gate)
        {
            returned.Add(messageId ?? "");
            returnText = text;
        }
    }

    /// <summary>Nothing more can arrive: the channel is closed.</summary>
    public void Close() => settled.TrySetResult();
}
