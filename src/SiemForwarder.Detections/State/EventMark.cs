using SiemForwarder.Detections.Alerts;
using SiemForwarder.Events;

namespace SiemForwarder.Detections.State;

/// <summary>What state keeps of an event: when and where it stands, and its id, as a number where it is a UUID.</summary>
/// <param name="At">Milliseconds since 1970.</param>
/// <param name="Position">Place in the log of its source.</param>
internal readonly record struct EventMark(long At, long Position, int SourceId, Guid Id, string? OtherId)
{
    public string IdText => OtherId ?? Id.ToString();

    public static EventMark Of(SecurityEvent securityEvent)
    {
        var isPlain = Guid.TryParseExact(securityEvent.Id, "D", out var id) && IsCanonical(securityEvent.Id, id);
        return new EventMark(
            securityEvent.OccurredAt.ToUnixTimeMilliseconds(), securityEvent.Position, securityEvent.Source.Id, isPlain ? id : default,
            isPlain ? null : securityEvent.Id);
    }

    /// <summary>By time, then by position, then by source.</summary>
    public int Against(EventMark other)
    {
        var byTime = At.CompareTo(other.At);
        var byPosition = byTime != 0 ? byTime : Position.CompareTo(other.Position);
        return byPosition != 0 ? byPosition : SourceId.CompareTo(other.SourceId);
    }

    public AlertEvent ToAlertEvent() => new(IdText, SourceId, Position, DateTimeOffset.FromUnixTimeMilliseconds(At));

    private static bool IsCanonical(string text, Guid id)
    {
        Span<char> written = stackalloc char[36];
        return id.TryFormat(written, out _) && text.AsSpan().SequenceEqual(written);
    }
}
