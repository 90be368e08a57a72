using SiemForwarder.Connections;

namespace SiemForwarder.Service.Keycloak.Polling;

/// <summary>What came of one poll of one stream.</summary>
public abstract record PollOutcome
{
    private PollOutcome()
    {
    }

    /// <summary>The server answered and the log took what was new.</summary>
    /// <param name="Read">Rows received, repeats included.</param>
    /// <param name="Appended">Events that were new to the log.</param>
    /// <param name="MoreWaiting">True where the poll stopped at its budget and more can be read at once.</param>
    public sealed record Polled(int Read, int Appended, bool MoreWaiting) : PollOutcome;

    /// <summary>Nothing more could be read or stored; what was stored before stays stored, the checkpoint is where it was.</summary>
    public sealed record Failed(ErrorCategory Category, string Message, TimeSpan? RetryAfter = null) : PollOutcome;
}
