namespace SiemForwarder.Connections;

/// <summary>Why an attempt failed, in two sentences for people: what happened, and what to do about it.</summary>
/// <param name="Category">The sort of fault.</param>
/// <param name="What">What happened; names the endpoint, never a secret.</param>
/// <param name="Advice">What to look at or to change.</param>
/// <param name="NeedsChange">True where waiting cannot help: somebody has to change a setting here or there.</param>
public sealed record Fault(ErrorCategory Category, string What, string Advice, bool NeedsChange = false)
{
    private const int MaxTextLength = 2000;

    /// <summary>What happened; on one line whatever the other side said.</summary>
    public string What { get; } = OneLine.Of(What, MaxTextLength);

    /// <summary>What to look at or to change.</summary>
    public string Advice { get; } = OneLine.Of(Advice, MaxTextLength);
}
