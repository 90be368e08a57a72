namespace SiemForwarder.Connections.Network;

/// <summary>A few threads for work that blocks, begun as they are needed and ended when they have been idle for a while.</summary>
internal sealed class LookupThreads(string name, int most)
{
    private static readonly TimeSpan MaxIdle = TimeSpan.FromSeconds(20);

    private readonly object gate = new();
    private readonly Queue<Action> waiting = new();
    private int threads;
    private int idle;

    /// <summary>Runs work, which must not throw, on one of the threads as soon as one is free.</summary>
    public void Run(Action action)
    {
        lock (gate)
        {
            waiting.Enqueue(action);
            if (idle < waiting.Count && threads < most)
            {
                threads++;
                new Thread(Loop) { IsBackground = true, Name = name }.Start();
            }

            Monitor.Pulse(gate);
        }
    }

    private void Loop()
    {
        while (Take() is { } action)
        {
            action();
        }
    }

    // Null where nothing came for so long that the thread ends.
    private Action? Take()
    {
        lock (gate)
        {
            idle++;
            while (waiting.Count == 0)
            {
                if (!Monitor.Wait(gate, MaxIdle) && waiting.Count == 0)
                {
                    idle--;
                    threads--;
                    return null;
                }
            }

            idle--;
            return waiting.Dequeue();
        }
    }
}
