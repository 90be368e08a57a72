using SiemForwarder.Connections;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Why a request to Keycloak got no usable response, in readable words.</summary>
/// <param name="Category">Kind of fault.</param>
/// <param name="What">What happened.</param>
/// <param name="Advice">What to do about it; null if only waiting helps.</param>
/// <param name="RetryAfter">How long the server asked to wait.</param>
/// <param name="Suspect">What may be wrong with the requested page.</param>
public sealed record PollFailure(
    ErrorCategory Category, string What, string? Advice = null, TimeSpan? RetryAfter = null, PageSuspicion Suspect = PageSuspicion.None)
{
    private const int MaxTextLength = 2000;

    /// <summary>What happened; always one line, whatever the server sent.</summary>
    public string What { get; } = OneLine.Of(What, MaxTextLength);

    /// <inheritdoc cref="What"/>
    public string? Advice { get; } = Advice is null ? null : OneLine.Of(Advice, MaxTextLength);

    /// <summary>What happened and what to do.</summary>
    public string Message => Advice is null ? What : $"{What} {Advice}";
}

/// <summary>How the rows of a page may have caused its failure.</summary>
public enum PageSuspicion
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It may be too large: request fewer rows.</summary>
    TooLarge,

    /// <summary>A row may be unreadable for the server.</summary>
    UnreadableRow,
}
