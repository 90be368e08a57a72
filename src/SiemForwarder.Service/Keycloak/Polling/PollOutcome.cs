using SiemForwarder.Connections;

namespace SiemForwarder.Service.Keycloak.Polling;

/// <summary>The outcome of one poll of one stream.</summary>
public abstract record PollOutcome
{
    private PollOutcome()
    {
    }

    /// <summary>The server responded and the log stored what was new.</summary>
    /// <param name="Read">Rows received, including duplicates.</param>
    /// <param name="Appended">Events that were new to the log.</param>
    /// <param name="MoreWaiting">True if the poll stopped at its budget and more can be read at once.</param>
    public sealed record Polled(int Read, int Appended, bool MoreWaiting) : PollOutcome;

    /// <summary>Nothing more could be read or stored; what was stored before is kept, and the checkpoint is unchanged.</summary>
    public sealed record Failed(ErrorCategory Category, string Message, TimeSpan? RetryAfter = null) : PollOutcome;
}
