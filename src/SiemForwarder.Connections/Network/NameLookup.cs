using System.Net;
using System.Net.Sockets;

namespace SiemForwarder.Connections.Network;

/// <summary>Resolves names on its own threads, so that an unresponsive DNS server delays only those who need the name.</summary>
/// <remarks>
/// The system's resolver blocks its thread until it answers or gives up, often for twenty seconds or more. The threads are limited, and names that
/// were slow to resolve have a separate set. Concurrent requests for the same name share one lookup. The last good answer is used without asking again
/// for <see cref="Fresh"/>, and for <see cref="Kept"/> if DNS fails or is late.
/// </remarks>
public sealed class NameLookup
{
    /// <summary>How long an answer is used without asking again.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);

    /// <summary>How long an answer is used if no newer one is available.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(10);

    /// <summary>How long to wait for a newer answer while an older one is available.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private const int Threads = 16;
    private const int MaxNames = 1000;

    private readonly Lock gate = new();
    private readonly Dictionary<string, Name> names = new(StringComparer.OrdinalIgnoreCase);
    private readonly Func<string, IPAddress[]> ask;
    private readonly TimeProvider time;
    private readonly LookupThreads prompt;
    private readonly LookupThreads slow;

    /// <param name="ask">Resolves a name, blocking until it has the addresses; throws like <see cref="Dns"/>.</param>
    /// <param name="time">Measures the age of answers.</param>
    /// <param name="threads">Maximum concurrent lookups, separately for fast and for slow names.</param>
    internal NameLookup(Func<string, IPAddress[]> ask, TimeProvider time, int threads = Threads)
    {
        (this.ask, this.time) = (ask, time);
        (prompt, slow) = (new LookupThreads("names", threads), new LookupThreads("slow names", threads));
    }

    /// <summary>The lookup of the process, which uses the system's resolver.</summary>
    public static NameLookup OfSystem { get; } = new(Dns.GetHostAddresses, TimeProvider.System);

    /// <summary>The addresses of a host; an address in text form is returned without a lookup.</summary>
    /// <param name="host">Name or address, with or without brackets.</param>
    /// <param name="limit">Longest wait of this caller; the lookup itself continues for others.</param>
    /// <param name="waiting">Times the wait.</param>
    /// <param name="cancellationToken">The only thing that throws.</param>
    public async Task<NameAnswer> FindAsync(string host, TimeSpan limit, TimeProvider waiting, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        cancellationToken.ThrowIfCancellationRequested();
        if (IPAddress.TryParse(host, out var address))
        {
            return new NameAnswer([address], null);
        }

        var (running, last) = Begin(host);
        if (running is null)
        {
            return last!;
        }

        using var bound = new TimeBound(last is null || limit < Patience ? limit : Patience, waiting, cancellationToken);
        try
        {
            var answer = await running.WaitAsync(bound.Token);
            return answer.Addresses.Length > 0 ? answer : last ?? answer;
        }
        catch (OperationCanceledException) when (bound.IsOver)
        {
            return last ?? new NameAnswer([], SocketError.TimedOut);
        }
    }

    // The lookup to wait for, null if the last answer is fresh; and the last answer as long as it may be used.
    private (Task<NameAnswer>? Running, NameAnswer? Last) Begin(string host)
    {
        lock (gate)
        {
            var now = time.GetTimestamp();
            if (!names.TryGetValue(host, out var name))
            {
                Forget();
                names[host] = name = new Name();
            }

            var age = name.Last is null ? TimeSpan.MaxValue : time.GetElapsedTime(name.AnsweredAt, now);
            var last = age <= Kept ? name.Last! with { Age = age } : null;
            if (age <= Fresh)
            {
                return (null, last);
            }

            return (name.Running ??= Ask(host, name), last);
        }
    }

    private Task<NameAnswer> Ask(string host, Name name)
    {
        var answered = new TaskCompletionSource<NameAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        (name.IsSlow ? slow : prompt).Run(() =>
        {
            var startedAt = time.GetTimestamp();
            var answer = Answer(host);
            lock (gate)
            {
                name.Running = null;
                name.IsSlow = time.GetElapsedTime(startedAt) > Patience;
                if (answer.Addresses.Length > 0)
                {
                    (name.Last, name.AnsweredAt) = (answer, time.GetTimestamp());
                }
            }

            answered.SetResult(answer);
        });
        return answered.Task;
    }

    private NameAnswer Answer(string host)
    {
        try
        {
            var addresses = ask(host);
            return new NameAnswer(addresses, addresses.Length == 0 ? SocketError.NoData : null);
        }
        catch (SocketException exception)
        {
            return new NameAnswer([], exception.SocketErrorCode);
        }
        catch (ArgumentException)
        {
            return new NameAnswer([], SocketError.InvalidArgument);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Nothing above this thread would catch it, and a lookup must not end the process.
            return new NameAnswer([], SocketError.SocketError);
        }
    }

    // Names come from settings, of which there are few; names looked up while someone tried out settings need not be kept.
    private void Forget()
    {
        if (names.Count < MaxNames)
        {
            return;
        }

        foreach (var (host, name) in names.ToList())
        {
            if (name.Running is null && (name.Last is null || time.GetElapsedTime(name.AnsweredAt) > Fresh))
            {
                names.Remove(host);
            }
        }
    }

    private sealed class Name
    {
        public Task<NameAnswer>? Running { get; set; }

        public NameAnswer? Last { get; set; }

        public long AnsweredAt { get; set; }

        public bool IsSlow { get; set; }
    }
}

/// <summary>The result of a name lookup.</summary>
/// <param name="Addresses">The addresses; empty if there are none.</param>
/// <param name="Error">Why there are none.</param>
public sealed record NameAnswer(IPAddress[] Addresses, SocketError? Error)
{
    /// <summary>How long ago DNS gave this answer.</summary>
    public TimeSpan Age { get; init; }
}

/// <summary>A few threads for blocking work, started on demand and ended after being idle for a while.</summary>
internal sealed class LookupThreads(string name, int most)
{
    private static readonly TimeSpan MaxIdle = TimeSpan.FromSeconds(20);

    private readonly object gate = new();
    private readonly Queue<Action> waiting = new();
    private int threads;
    private int idle;

    /// <summary>Runs an action, which must not throw, on one of the threads as soon as one is free.</summary>
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

    // Null if nothing arrived for so long that the thread ends.
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
