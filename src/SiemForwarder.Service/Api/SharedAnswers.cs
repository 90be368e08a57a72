using SiemForwarder.Service.Storage;

namespace SiemForwarder.Service.Api;

/// <summary>Answers that many open pages ask for again and again: each is read once, and given to all of them for a few seconds.</summary>
/// <param name="lifetime">How long an answer is given, counted from when its reading began.</param>
/// <param name="changes">Ends the life of all answers; null if nothing does.</param>
internal sealed class SharedAnswers<TKey, TAnswer>(TimeSpan lifetime, ChangeSignal? changes, TimeProvider time)
    where TKey : notnull
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private readonly Dictionary<TKey, Reading> known = [];

    /// <summary>The answer that is known or being read, or a new one.</summary>
    /// <param name="key">What is asked for.</param>
    /// <param name="read">Reads it; what it throws is told to those who wait, and not kept.</param>
    /// <param name="cancellationToken">Ends the waiting of this caller, not the reading.</param>
    public Task<TAnswer> GetAsync(TKey key, Func<CancellationToken, Task<TAnswer>> read, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (!known.TryGetValue(key, out var one) || !IsGood(one))
            {
                foreach (var (old, _) in known.Where(pair => !IsGood(pair.Value)).ToList())
                {
                    known.Remove(old);
                }

                var changed = changes?.Changed;
                known[key] = one = new Reading(time.GetTimestamp(), changed, Task.Run(() => ReadAsync(read), CancellationToken.None));
            }

            return one.Answer.WaitAsync(cancellationToken);
        }
    }

    private async Task<TAnswer> ReadAsync(Func<CancellationToken, Task<TAnswer>> read)
    {
        using var bound = new CancellationTokenSource(Bound, time);
        return await read(bound.Token);
    }

    // What takes longer than it lives is not asked for a second time meanwhile.
    private bool IsGood(Reading one) =>
        one.Changed is not { IsCompleted: true } && (!one.Answer.IsCompleted || (one.Answer.IsCompletedSuccessfully && time.GetElapsedTime(one.At) < lifetime));

    private sealed record Reading(long At, Task? Changed, Task<TAnswer> Answer);
}
