using SiemForwarder.Service.Keycloak.Client;

namespace SiemForwarder.Service.Keycloak.Tail;

/// <summary>Decides when a stream changes its tier: during a rolling upgrade nodes of both versions answer, so only several equal answers
/// in a row count.</summary>
internal sealed class TierWatch
{
    private const int AnswersNeeded = 3;
    private const int FailuresOfABurst = 3;
    private int answers;
    private int failures;
    private long nextProbeMs;

    /// <summary>Whether to probe now: every hour, after a burst of failures, and while a change is being confirmed.</summary>
    public bool IsDue(long nowMs, bool sawUnexpectedIds) => nowMs >= nextProbeMs || answers > 0 || failures >= FailuresOfABurst || sawUnexpectedIds;

    public void NoteFailure() => failures++;

    public void NoteSuccess() => failures = 0;

    /// <summary>Takes an answer; returns the tier to use from now on.</summary>
    public ApiTier Decide(ApiTier present, ApiTier answer, long nowMs)
    {
        nextProbeMs = nowMs + (long)PollTiming.TierProbeInterval.TotalMilliseconds;
        failures = 0;
        answers = answer == present ? 0 : answers + 1;
        if (answers < AnswersNeeded)
        {
            return present;
        }

        answers = 0;
        return answer;
    }
}
