namespace SiemForwarder.Events;

/// <summary>The outcome of the reported activity.</summary>
public enum EventOutcome
{
    Unknown,
    Success,
    Failure,
}
