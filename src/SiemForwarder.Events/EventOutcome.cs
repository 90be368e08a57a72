namespace SiemForwarder.Events;

/// <summary>How what the event tells of ended.</summary>
public enum EventOutcome
{
    Unknown,
    Success,
    Failure,
}
