using SiemForwarder.Connections;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Why a request to Keycloak gave no usable answer, in words for people.</summary>
/// <param name="Category">Sort of fault.</param>
/// <param name="What">What happened.</param>
/// <param name="Advice">What to do about it; null where nothing but waiting helps.</param>
/// <param name="RetryAfter">How long the server asked to wait.</param>
/// <param name="Suspect">What the poller may suspect of the page it asked for.</param>
public sealed record PollFailure(
    ErrorCategory Category, string What, string? Advice = null, TimeSpan? RetryAfter = null, PageSuspicion Suspect = PageSuspicion.None)
{
    private const int MaxTextLength = 2000;

    /// <summary>What happened; on one line whatever the server said.</summary>
    public string What { get; } = OneLine.Of(What, MaxTextLength);

    /// <inheritdoc cref="What"/>
    public string? Advice { get; } = Advice is null ? null : OneLine.Of(Advice, MaxTextLength);

    /// <summary>What happened and what to do.</summary>
    public string Message => Advice is null ? What : $"{What} {Advice}";
}

/// <summary>What a failed page may have to do with the rows on it.</summary>
public enum PageSuspicion
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It may be too much at once: ask for fewer rows.</summary>
    TooLarge,

    /// <summary>A row of it may be unreadable for the server.</summary>
    UnreadableRow,
}
